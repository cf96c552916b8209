import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { ask as askFcgi } from './fcgi.mjs';
import { listens, postJson, Program, startSystem, waitFor } from './harness.mjs';
import { jwt, Person, raw, SECRET } from './identities.mjs';

const user = (content) => [{ role: 'user', content }];
const from = (address) => ({ 'x-forwarded-for': address });

describe('requests a minute', () => {
	let system;
	before(async () => {
		system = await startSystem({ env: { JWT_SECRET: SECRET, RATE_LIMIT_PER_MINUTE: 20, RATE_LIMIT_READS_PER_MINUTE: 30, REPLIES_AT_ONCE_PER_ADDRESS: 0, TRUSTED_PROXIES: '127.0.0.1' } });
	});
	after(() => system?.stop());

	test('an address may post as often as the setting says, is told how often, and then when to come back', async () => {
		for (let i = 0; i < 20; i++) {
			const answer = await raw(system, 'POST', '/api/send-message', { body: { chatId: `r${i}`, messages: user('x') }, headers: from('198.51.100.1') });
			assert.equal(answer.status, 202);
			assert.equal(answer.headers['x-ratelimit-limit'], '20');
			assert.equal(answer.headers['x-ratelimit-remaining'], String(19 - i));
		}
		const answer = await raw(system, 'POST', '/api/send-message', { body: { chatId: 'r', messages: user('x') }, headers: from('198.51.100.1') });
		assert.equal(answer.status, 429);
		assert.equal(answer.json.code, 'rate_limited');
		assert.equal(answer.headers['x-ratelimit-remaining'], '0');
		assert.ok(Number(answer.headers['retry-after']) >= 1 && Number(answer.headers['retry-after']) <= 60);
		assert.equal((await raw(system, 'GET', '/api/chats/r/history')).status, 404, 'refused: nothing was stored');
		assert.match(system.logs.app, /refused status=429 code=rate_limited .*address=198\.51\.100\.1/);
	});

	test('another address, and reading, are not affected; reading has a limit of its own', async () => {
		assert.equal((await raw(system, 'POST', '/api/send-message', { body: { chatId: 's', messages: user('x') }, headers: from('198.51.100.2') })).status, 202);
		for (let i = 0; i < 30; i++)
			assert.equal((await raw(system, 'GET', '/api/chats/s/history', { headers: from('198.51.100.1') })).status, 200);
		assert.equal((await raw(system, 'GET', '/api/chats/s/history', { headers: from('198.51.100.1') })).status, 429);
		assert.equal((await raw(system, 'GET', '/api/health', { headers: from('198.51.100.1') })).status, 200, 'health is not counted');
	});

	test('IPv6 addresses of one /64 are one customer', async () => {
		for (let i = 0; i < 20; i++)
			await raw(system, 'POST', '/api/session', { body: {}, headers: from(`2001:db8:1:1::${i + 1}`) });
		assert.equal((await raw(system, 'POST', '/api/session', { body: {}, headers: from('2001:db8:1:1:ffff::1') })).status, 429);
		assert.equal((await raw(system, 'POST', '/api/session', { body: {}, headers: from('2001:db8:1:2::1') })).status, 201);
	});

	test('what a client invents in X-Forwarded-For changes nothing', async () => {
		for (let i = 0; i < 20; i++)
			await raw(system, 'POST', '/api/session', { body: {}, headers: from(`10.${i}.0.1, 198.51.100.9`) });
		assert.equal((await raw(system, 'POST', '/api/session', { body: {}, headers: from('10.99.0.1, 198.51.100.9') })).status, 429);
	});

	test('one identity from many addresses has one limit', async () => {
		const headers = (i) => ({ authorization: `Bearer ${jwt({ sub: 'roaming' })}`, ...from(`192.0.2.${i}`) });
		for (let i = 0; i < 20; i++)
			assert.equal((await raw(system, 'POST', '/api/chats', { body: {}, headers: headers(i) })).status, 201);
		assert.equal((await raw(system, 'POST', '/api/chats', { body: {}, headers: headers(99) })).status, 429);
	});

	test('who shows bad tokens is counted, too', async () => {
		const headers = { authorization: `Bearer ${jwt({}, { secret: 'wrong' })}`, ...from('192.0.2.200') };
		for (let i = 0; i < 20; i++)
			assert.equal((await raw(system, 'POST', '/api/chats', { body: {}, headers })).status, 401);
		assert.equal((await raw(system, 'POST', '/api/chats', { body: {}, headers })).status, 429);
	});

	test('four processes that one identity hammers let through the limit and not one more', async () => {
		const programs = [];
		try {
			for (let i = 0; i < 4; i++) {
				const path = join(system.dir, `more-${i}.sock`);
				const program = new Program(`app-${i}`, [join(system.place.bin, 'fcgi-app'), '--listen', path],
					{ cwd: system.dir, user: system.place.user, env: { PATH: process.env.PATH, ENV_FILE: system.place.envFile }, isReady: () => listens(path) });
				programs.push(program);
				await program.start();
			}
			const authorization = `Bearer ${jwt({ sub: 'hammer' })}`;
			const statuses = (await Promise.all(Array.from({ length: 200 }, (_, i) =>
				askFcgi(join(system.dir, `more-${i % 4}.sock`), 'POST', '/api/chats', { body: '{}', headers: { 'content-type': 'application/json', authorization }, params: { REMOTE_ADDR: `10.${i}.1.1` } })))).map((a) => a.status);
			assert.deepEqual([...new Set(statuses)].sort(), [201, 429]);
			assert.equal(statuses.filter((s) => s === 201).length, 20);
		} finally {
			for (const program of programs)
				await program.stop();
		}
	});
});

describe('replies at once', () => {
	let system;
	before(async () => {
		system = await startSystem({ env: { JWT_SECRET: SECRET, REPLIES_AT_ONCE: 2, REPLIES_AT_ONCE_PER_ADDRESS: 3, TRUSTED_PROXIES: '127.0.0.1' } });
	});
	after(() => system?.stop());
	const slow = '[[frames=20,delay=60]] slow';
	const idle = async (person, ids) => waitFor(async () => {
		for (const id of ids)
			if ((await person.history(id)).json.messages.some((m) => ['queued', 'streaming'].includes(m.status)))
				return false;
		return true;
	}, 'all replies');

	test('an identity has two answered, the third is told to wait, and may come when one has ended', async () => {
		const ana = new Person(system, { authorization: `Bearer ${jwt({ sub: 'ana' })}` });
		const ids = [await ana.chat(), await ana.chat(), await ana.chat()];
		assert.equal((await ana.say(ids[0], slow)).status, 202);
		assert.equal((await ana.say(ids[0], slow)).status, 202, 'a queue in one chat counts once');
		assert.equal((await ana.say(ids[1], slow)).status, 202);
		const third = await ana.say(ids[2], slow);
		assert.equal(third.status, 429);
		assert.equal(third.json.code, 'too_many_replies');
		assert.ok(Number(third.headers['retry-after']) > 0);
		assert.equal((await ana.history(ids[2])).json.messages.length, 0, 'refused: nothing was stored');
		await idle(ana, ids.slice(0, 2));
		assert.equal((await ana.say(ids[2], 'now')).status, 202);
		await idle(ana, ids);
	});

	test('a thousand posts of one identity: never more than two of its replies at once', async () => {
		await system.standin.forget();
		const bea = new Person(system, { authorization: `Bearer ${jwt({ sub: 'bea' })}` });
		const ids = [];
		for (let i = 0; i < 10; i++)
			ids.push(await bea.chat());
		const statuses = [];
		for (let round = 0; round < 10; round++)
			statuses.push(...(await Promise.all(Array.from({ length: 100 }, (_, i) => bea.say(ids[i % 10], `[[frames=5,delay=20]] ${round} ${i}`)))).map((a) => a.status));
		await idle(bea, ids);
		const counters = await system.standin.counters();
		assert.ok(statuses.includes(202) && statuses.includes(429));
		assert.deepEqual([...new Set(statuses)].filter((s) => ![202, 409, 429].includes(s)), []);
		assert.ok(counters.max_open_streams <= 2, JSON.stringify(counters));
	});

	test('strangers of one address share the address\'s', async () => {
		const post = (id, address) => raw(system, 'POST', '/api/send-message', { body: { chatId: id, messages: user(slow) }, headers: from(address) });
		for (const id of ['x1', 'x2', 'x3'])
			assert.equal((await post(id, '198.51.100.1')).status, 202);
		assert.equal((await post('x4', '198.51.100.1')).status, 429);
		assert.equal((await post('x4', '198.51.100.2')).status, 202);
		await idle(new Person(system), ['x1', 'x2', 'x3', 'x4']);
	});
});

describe('tokens a day', () => {
	let system;
	before(async () => {
		system = await startSystem({ env: { JWT_SECRET: SECRET, TOKENS_PER_DAY: 30, TOKENS_PER_DAY_SITE: 100000 } });
	});
	after(() => system?.stop());

	test('what was spent counts; then nothing is called until the next day', async () => {
		const ana = new Person(system, { authorization: `Bearer ${jwt({ sub: 'ana' })}` });
		const id = await ana.chat();
		const left = async () => (await ana.call('GET', '/api/usage')).json.limits;
		const { resetsAt, ...fresh } = await left();
		assert.deepEqual(fresh, { tokensPerDay: 30, tokensLeft: 30, repliesAtOnce: null, requestsPerMinute: null, readsPerMinute: null });
		assert.match(resetsAt, /T00:00:00\.000Z$/);
		assert.ok(Date.parse(resetsAt) > Date.now());
		let answer;
		for (let i = 0; i < 40; i++) {
			answer = await ana.say(id, `[[bytes=200]] ${i}`);
			if (answer.status !== 202)
				break;
			await waitFor(async () => (await ana.history(id)).json.messages.at(-1).status === 'complete', 'the reply');
		}
		assert.equal(answer.status, 429);
		assert.equal(answer.json.code, 'daily_tokens');
		assert.equal((await left()).tokensLeft, 0);
		const wait = Number(answer.headers['retry-after']);
		assert.ok(wait > 0 && wait <= 86400);
		const { requests } = await system.standin.counters();
		assert.equal((await ana.say(id, 'once more')).status, 429);
		assert.equal((await system.standin.counters()).requests, requests, 'nothing was called');
		const eva = new Person(system, { authorization: `Bearer ${jwt({ sub: 'eva' })}` });
		assert.equal((await eva.say(await eva.chat(), 'hola')).status, 202, 'somebody else has a share of their own');
	});

	test('the budget of the site holds for everybody', async () => {
		const db = new DatabaseSync(join(system.dir, 'var', 'charla.db'));
		db.exec('PRAGMA busy_timeout = 5000');
		db.exec("UPDATE spending SET tokens = 100000 WHERE who = ''");
		db.close();
		const answer = await postJson(`${system.url}/api/send-message`, { chatId: 'b', messages: user('x') });
		assert.equal(answer.status, 429);
		assert.equal((await answer.json()).code, 'site_budget');
		const eva = new Person(system, { authorization: `Bearer ${jwt({ sub: 'new' })}` });
		assert.equal((await eva.call('GET', '/api/usage')).json.limits.tokensLeft, 0, 'a share of nothing');
		for (const days of ['0', '367', 'x', '-1'])
			assert.equal((await eva.call('GET', `/api/usage?days=${days}`)).status, 400, days);
	});
});

describe('defaults', () => {
	test('at home nothing is counted; whom a proxy speaks for is', async () => {
		const system = await startSystem();
		try {
			for (let i = 0; i < 70; i++)
				assert.equal((await raw(system, 'POST', '/api/session', { body: {} })).status, 201);
			let last;
			for (let i = 0; i < 61; i++)
				last = await raw(system, 'POST', '/api/session', { body: {}, headers: from('1.2.3.4') });
			assert.equal(last.status, 429);
			assert.equal(last.headers['x-ratelimit-limit'], '60');
		} finally {
			await system.stop();
		}
	});
});
