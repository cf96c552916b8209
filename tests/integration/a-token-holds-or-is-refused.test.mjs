import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { join } from 'node:path';

import { startSystem } from './harness.mjs';
import { command, jwt, Person, raw, SECRET, seconds } from './identities.mjs';

const bearer = (token) => ({ authorization: `Bearer ${token}` });
const me = (system, headers) => raw(system, 'GET', '/api/me', { headers });

describe('JWT', () => {
	let system;
	before(async () => { system = await startSystem({ env: { JWT_SECRET: SECRET, JWT_ISSUER: 'https://id.example', JWT_AUDIENCE: 'charla' } }); });
	after(() => system?.stop());
	const ours = { iss: 'https://id.example', aud: 'charla' };

	test('a good one says who it is, by the same id each time', async () => {
		const one = (await me(system, bearer(jwt({ ...ours, name: 'Ana' })))).json;
		const two = (await me(system, bearer(jwt({ ...ours, aud: ['x', 'charla'] })))).json;
		assert.equal(one.kind, 'jwt');
		assert.equal(one.name, 'Ana');
		assert.equal(one.id, two.id);
		assert.notEqual(one.id, (await me(system, bearer(jwt({ ...ours, sub: 'eva' })))).json.id);
		assert.ok(!JSON.stringify(one).includes('j:ana'));
	});

	const good = jwt(ours);
	const bad = {
		'expired a second ago': jwt({ ...ours, exp: seconds(-1) }),
		'without exp': jwt({ ...ours, exp: undefined }),
		'not valid yet': jwt({ ...ours, nbf: seconds(60) }),
		'of another issuer': jwt({ ...ours, iss: 'https://id.example.evil' }),
		'for another audience': jwt({ ...ours, aud: 'other' }),
		'without audience': jwt({ iss: ours.iss }),
		'without subject': jwt({ ...ours, sub: undefined }),
		'signed with another secret': jwt(ours, { secret: 'another-secret-that-signs-0123456789' }),
		'signed with an empty secret': jwt(ours, { secret: '' }),
		'that says alg none': jwt(ours, { header: { alg: 'none' }, secret: null }),
		'that says alg none and is signed': jwt(ours, { header: { alg: 'none' } }),
		'that says HS512 and is signed so': jwt(ours, { header: { alg: 'HS512' }, hash: 'sha512' }),
		'that says RS256': jwt(ours, { header: { alg: 'RS256' } }),
		'with critical extensions': jwt(ours, { header: { crit: ['exp'] } }),
		'whose payload is no JSON': jwt('hello'),
		'with another payload': `${good.split('.')[0]}.${jwt({ ...ours, sub: 'eva' }).split('.')[1]}.${good.split('.')[2]}`,
		'without its signature': good.slice(0, good.lastIndexOf('.') + 1),
		'with padding': `${good}=`,
		'cut short': good.slice(0, -1),
		'of five parts': `${good}.a.b`,
		'empty': '',
		'of 5,000 characters': `${'a'.repeat(2500)}.${'b'.repeat(2400)}.c`,
	};
	for (const [what, token] of Object.entries(bad))
		test(`one ${what} is refused everywhere, not taken for a stranger's`, async () => {
			for (const [method, path, body] of [['GET', '/api/me'], ['POST', '/api/send-message', { chatId: 'jwt', messages: [{ role: 'user', content: 'x' }] }], ['GET', '/api/chats/jwt/history']]) {
				const answer = await raw(system, method, path, { headers: bearer(token), body });
				assert.equal(answer.status, 401, `${path}: ${answer.text}`);
				assert.match(answer.headers['www-authenticate'], /^Bearer .*error="invalid_token"/);
			}
			assert.equal((await raw(system, 'GET', '/api/config', { headers: bearer(token) })).status, 200);
		});

	test('the log says why, and never shows the token', () => {
		for (const why of ['expired', 'forged', 'not HS256', 'another issuer', 'another audience', 'no subject', 'no expiry', 'not yet valid', 'malformed'])
			assert.match(system.logs.app, new RegExp(`refused status=401 code=invalid_token reason="${why}" route=/api/me .*rid=[\\w-]{8,}`));
		for (const token of Object.values(bad).filter((t) => t.length > 20))
			assert.equal(system.logs.app.includes(token.slice(-20)), false);
	});
});

describe('a site without JWT_SECRET', () => {
	test('takes no JWT, and an old client\'s own token is nothing to it', async () => {
		const system = await startSystem();
		try {
			for (const token of [jwt(), jwt({}, { secret: '' }), '17|an-old-sanctum-token'])
				assert.equal((await me(system, bearer(token))).json.identified, false);
			const answer = await raw(system, 'POST', '/api/send-message', { headers: bearer('17|token'), body: { chatId: 'o', messages: [{ role: 'user', content: 'x' }] } });
			assert.equal(answer.status, 202);
			assert.equal((await raw(system, 'POST', '/api/chats', { headers: bearer(jwt()), body: {} })).status, 401);
			assert.equal((await me(system, bearer(`charla_${'x'.repeat(43)}`))).status, 401, 'the form is ours, the token is not');
		} finally {
			await system.stop();
		}
	});
});

describe('API tokens', () => {
	let system;
	before(async () => { system = await startSystem(); });
	after(() => system?.stop());

	test('made by command line, shown once, kept as a hash; it is the person of its name', async () => {
		const [one, two] = [command(system, '--token-create', 'ci').trim(), command(system, '--token-create', 'ci', '--days', '1').trim()];
		assert.match(one, /^charla_[\w-]{43}$/);
		const who = (await me(system, bearer(one))).json;
		assert.deepEqual([who.kind, who.name], ['token', 'ci']);
		assert.equal((await me(system, bearer(two))).json.id, who.id, 'a second token of a name is the same person: it can be renewed');
		const ci = new Person(system, bearer(one));
		const id = await ci.chat();
		assert.equal((await ci.say(id, 'hola')).status, 202);
		const data = ['charla.db', 'charla.db-wal'].map((f) => readFileSync(join(system.dir, 'var', f)));
		assert.ok(data.some((d) => d.includes(createHash('sha256').update(one).digest('hex'))));
		assert.ok(!data.some((d) => d.includes(one)) && !Object.values(system.logs).join('').includes(one));
		assert.match(command(system, '--token-list'), /^1\tci\t\S+Z\tnever\tvalid\n2\tci\t\S+Z\t\S+Z\tvalid\n$/m);
	});

	test('revoked, it is refused at once, and so are the sessions that were started with it', async () => {
		const token = command(system, '--token-create', 'bot').trim();
		const bot = new Person(system, bearer(token));
		const started = await bot.call('POST', '/api/session', {});
		const session = new Person(system, { cookie: started.headers['set-cookie'][0].split(';')[0] });
		assert.equal((await session.call('GET', '/api/me')).json.name, 'bot');
		assert.match(command(system, '--token-revoke', 'bot'), /^revoked: 1$/m);
		assert.equal((await bot.call('GET', '/api/me')).status, 401);
		assert.equal((await session.call('GET', '/api/me')).json.identified, false);
		assert.throws(() => command(system, '--token-revoke', 'nobody'), /there is no such token/);
		assert.match(command(system, '--token-list'), /bot\t.*\trevoked$/m);
	});

	test('names that could be mistaken are refused', () => {
		for (const name of ['', 'a b', 'a\nb', 'a/b', '..', 'x'.repeat(65)])
			assert.throws(() => command(system, '--token-create', name), /name is/);
		for (const days of ['0', '-1', 'x', '99999999'])
			assert.throws(() => command(system, '--token-create', 'x', '--days', days), /--days/);
	});
});

describe('REMOTE_USER', () => {
	test('counts only where the setting says so', async () => {
		// By FastCGI itself: it is the web server that says who it is, no header can.
		const { ask } = await import('./fcgi.mjs');
		for (const trust of ['false', 'true']) {
			const system = await startSystem({ env: { TRUST_REMOTE_USER: trust } });
			try {
				const who = async (options) => JSON.parse((await ask(join(system.dir, 'api.sock'), 'GET', '/api/me', options)).text);
				const answer = await who({ params: { REMOTE_USER: 'ana' } });
				assert.deepEqual([answer.kind, answer.name], trust === 'true' ? ['remote_user', 'ana'] : ['none', null]);
				assert.equal((await who({ headers: { 'remote-user': 'ana' } })).kind, 'none');
				assert.equal((await who({ params: { REMOTE_USER: '' } })).kind, 'none');
				if (trust === 'true')
					assert.equal((await who({ params: { REMOTE_USER: 'ana' }, headers: { 'sec-fetch-site': 'cross-site' } })).kind, 'none', 'the browser sends a login along by itself');
			} finally {
				await system.stop();
			}
		}
	});
});
