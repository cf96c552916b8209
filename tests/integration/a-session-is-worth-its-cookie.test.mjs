import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { startSystem } from './harness.mjs';
import { jwt, Person, raw, SECRET, seconds } from './identities.mjs';

let system, database;
before(async () => {
	system = await startSystem({ env: { JWT_SECRET: SECRET, TRUSTED_PROXIES: '127.0.0.1', RATE_LIMIT_PER_MINUTE: 0, RATE_LIMIT_READS_PER_MINUTE: 0 } });
	database = new DatabaseSync(join(system.dir, 'var', 'charla.db'));
	database.exec('PRAGMA busy_timeout = 5000');
});
after(() => { database?.close(); return system?.stop(); });

const me = async (headers) => (await raw(system, 'GET', '/api/me', { headers })).json;
const cookieOf = (answer) => answer.headers['set-cookie'][0];

test('the cookie is 256 random bits that no script and no other site gets, and the database has only their hash', async () => {
	const started = await raw(system, 'POST', '/api/session', { body: { name: 'Ana' } });
	const [, value, attributes] = cookieOf(started).match(/^sid=([\w-]{43}); (.*)$/);
	assert.deepEqual(attributes.split('; ').sort(), ['HttpOnly', 'Max-Age=7776000', 'Path=/', 'SameSite=Lax']);
	const other = cookieOf(await raw(system, 'POST', '/api/session', { body: {} }));
	assert.ok(!other.includes(value));
	const hashes = database.prepare('SELECT hash FROM sessions').all().map(({ hash }) => hash);
	assert.ok(hashes.includes(createHash('sha256').update(value).digest('hex')));
	database.exec('PRAGMA wal_checkpoint(FULL)');
	for (const file of ['charla.db', 'charla.db-wal'])
		assert.equal(readFileSync(join(system.dir, 'var', file)).includes(value), false, file);
	assert.equal(Object.values(system.logs).join('').includes(value), false);
});

test('on https its name is __Host-sid and it is Secure, and the other one is not looked at', async () => {
	const https = { 'x-forwarded-proto': 'https' };
	const started = await raw(system, 'POST', '/api/session', { body: {}, headers: https });
	const [, value] = cookieOf(started).match(/^__Host-sid=([\w-]{43}); .*Secure/);
	assert.equal((await me({ ...https, cookie: `__Host-sid=${value}` })).identified, true);
	assert.equal((await me({ ...https, cookie: `sid=${value}` })).identified, false);
	assert.equal((await me({ cookie: `__Host-sid=${value}` })).identified, false);
	assert.equal((await me({ cookie: `sid=${value}; sid=${value}` })).identified, false, 'planted twice: none counts');
	assert.equal((await me({ cookie: `a=b; sid=${value}; c=d` })).identified, true);
});

test('a planted cookie is worth nothing: who starts a session gets a new one', async () => {
	const planted = 'P'.repeat(43);
	const started = await raw(system, 'POST', '/api/session', { body: {}, headers: { cookie: `sid=${planted}` } });
	assert.equal(started.status, 201);
	assert.ok(!cookieOf(started).includes(planted));
	assert.equal((await me({ cookie: `sid=${planted}` })).identified, false);
});

test('a session keeps its person when the name changes', async () => {
	const ana = await Person.withSession(system, 'Ana');
	const before = (await ana.call('GET', '/api/me')).json;
	assert.equal((await ana.call('POST', '/api/session', { name: 'Ana María Ñ 😀' })).status, 200);
	const now = (await ana.call('GET', '/api/me')).json;
	assert.equal(now.id, before.id);
	assert.equal(now.name, 'Ana María Ñ 😀');
	assert.equal((await ana.call('POST', '/api/session', { name: '' })).status, 200);
	assert.equal((await ana.call('GET', '/api/me')).json.name, null);
	for (const name of ['x'.repeat(81), 'a\nb', 'a\u007f', 7, ['x']])
		assert.equal((await ana.call('POST', '/api/session', { name })).status, 422);
	assert.equal((await ana.call('POST', '/api/session', [1])).status, 422);
});

test('it ends: by logging out, everywhere, and by itself', async () => {
	const [phone, laptop] = [await Person.withSession(system), await Person.withSession(system)];
	const person = database.prepare('SELECT person_id FROM sessions WHERE hash = ?');
	const hashOf = ({ headers }) => createHash('sha256').update(headers.cookie.slice(4)).digest('hex');
	database.prepare('UPDATE sessions SET person_id = ? WHERE hash = ?').run(person.get(hashOf(phone)).person_id, hashOf(laptop));
	const third = await Person.withSession(system);
	const gone = await phone.call('DELETE', '/api/session');
	assert.equal(gone.status, 204);
	assert.match(cookieOf(gone), /^sid=; .*Max-Age=0/);
	assert.equal((await me(phone.headers)).identified, false);
	assert.equal((await me(laptop.headers)).identified, true);
	assert.equal((await laptop.call('DELETE', '/api/session?everywhere=1')).status, 204);
	assert.equal((await me(laptop.headers)).identified, false);
	assert.equal((await me(third.headers)).identified, true);
	database.prepare('UPDATE sessions SET expires_ms = ? WHERE hash = ?').run(Date.now() - 1, hashOf(third));
	assert.equal((await me(third.headers)).identified, false);
	assert.equal((await third.call('POST', '/api/chats', {})).status, 401);
	assert.equal((await new Person(system).call('DELETE', '/api/session')).status, 204, 'nobody can be forgotten, too');
});

test('forget me: what nobody else could ever see goes along, what was shared stays', async () => {
	const [ana, bea, eva] = [await Person.withSession(system, 'Ana'), await Person.withSession(system, 'Bea'), await Person.withSession(system, 'Eva')];
	const [alone, shared, bees] = [await ana.chat(), await ana.chat(), await bea.chat()];
	await ana.say(alone, 'alone');
	await ana.say(shared, 'shared');
	await ana.invite(shared, bea);
	await bea.invite(bees, ana);
	await bea.invite(bees, eva);
	const memberCount = async (who, id) => (await who.call('GET', `/api/chats/${id}/members`)).json.members.length;
	assert.equal(await memberCount(bea, bees), 3);
	assert.equal((await ana.call('DELETE', '/api/session')).status, 204);
	assert.equal(database.prepare('SELECT deleted_ms IS NOT NULL AS gone FROM chats WHERE id = ?').get(alone).gone, 1);
	assert.equal((await bea.history(shared)).json.messages[0].content, 'shared');
	assert.equal(await memberCount(bea, bees), 2);
	assert.equal((await bea.history(bees)).status, 200);
	assert.equal((await eva.call('DELETE', '/api/session')).status, 204);
	assert.equal(database.prepare("SELECT count(*) AS n FROM people WHERE name = 'Eva'").get().n, 0, 'nothing of hers is left');
	// Who can come back loses nothing.
	const max = new Person(system, { authorization: `Bearer ${jwt({ sub: 'keeps' })}` });
	const kept = await max.chat();
	const started = await max.call('POST', '/api/session', {});
	const session = new Person(system, { cookie: cookieOf(started).split(';')[0] });
	assert.equal((await session.call('DELETE', '/api/session')).status, 204);
	assert.equal((await max.history(kept)).status, 200);
});

test('logging out everywhere voids the JWTs issued so far, too', async () => {
	const old = new Person(system, { authorization: `Bearer ${jwt({ sub: 'zoe', iat: seconds(-10) })}` });
	assert.equal((await old.call('GET', '/api/me')).json.identified, true);
	assert.equal((await old.call('DELETE', '/api/session?everywhere=1')).status, 204);
	assert.equal((await old.call('GET', '/api/me')).status, 401);
	assert.equal((await new Person(system, { authorization: `Bearer ${jwt({ sub: 'zoe' })}` }).call('GET', '/api/me')).status, 401, 'without iat');
	assert.equal((await new Person(system, { authorization: `Bearer ${jwt({ sub: 'zoe', iat: seconds(1) })}` }).call('GET', '/api/me')).status, 200);
});

test('a session that a JWT started is that person\'s and ends with the JWT', async () => {
	const authorization = `Bearer ${jwt({ sub: 'max', name: 'Max', exp: seconds(100) })}`;
	const started = await raw(system, 'POST', '/api/session', { body: {}, headers: { authorization } });
	assert.match(cookieOf(started), /Max-Age=(9\d|100);/);
	const byCookie = await me({ cookie: cookieOf(started).split(';')[0] }), byToken = await me({ authorization });
	assert.equal(byCookie.id, byToken.id);
	assert.equal(byCookie.name, 'Max');
	assert.equal(byCookie.kind, 'session');
});

test('a session that is used lasts', async () => {
	const ana = await Person.withSession(system);
	database.prepare('UPDATE sessions SET expires_ms = ? WHERE hash = ?').run(Date.now() + 86400_000, createHash('sha256').update(ana.headers.cookie.slice(4)).digest('hex'));
	const answer = await ana.call('GET', '/api/me');
	assert.ok(Date.parse(answer.json.expiresAt) > Date.now() + 80 * 86400_000);
	assert.match(cookieOf(answer), new RegExp(`^${ana.headers.cookie}; .*Max-Age=7776000`));
	assert.equal((await ana.call('GET', '/api/me')).headers['set-cookie'], undefined);
});

/** What a browser says of a request that another site makes, and of one that is our own. */
const origins = {
	'Sec-Fetch-Site: cross-site': [{ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, true],
	'Sec-Fetch-Site: same-site': [{ 'sec-fetch-site': 'same-site', origin: 'https://sub.example' }, true],
	'an older browser\'s foreign Origin': [{ origin: 'https://evil.example' }, true],
	'Origin: null': [{ origin: 'null' }, true],
	'an Origin with our host in it': [{ origin: 'http://HOST.evil.example' }, true],
	'an Origin with another port': [{ origin: 'http://127.0.0.1:1' }, true],
	'Sec-Fetch-Site: same-origin': [{ 'sec-fetch-site': 'same-origin' }, false],
	'Sec-Fetch-Site: none': [{ 'sec-fetch-site': 'none' }, false],
	'our own Origin': [{ origin: 'OWN' }, false],
	'no browser': [{}, false],
};

for (const [what, [template, isForeign]] of Object.entries(origins))
	test(`${what}: the cookie ${isForeign ? 'is ignored' : 'counts'}`, async () => {
		const { host, origin } = new URL(system.url);
		const headers = Object.fromEntries(Object.entries(template).map(([k, v]) => [k, v.replace('HOST', host).replace('OWN', origin)]));
		const ana = await Person.withSession(system);
		const id = await ana.chat();
		assert.equal((await ana.call('GET', `/api/chats/${id}/history`, '', headers)).status, isForeign ? 404 : 200);
		assert.equal((await ana.say(id, 'x', headers)).status, isForeign ? 404 : 202);
		assert.equal((await ana.call('POST', '/api/chats', {}, headers)).status, isForeign ? 401 : 201);
		assert.equal((await ana.call('POST', '/broadcasting/auth', `socket_id=1.2&channel_name=private-chat.${id}`,
			{ 'content-type': 'application/x-www-form-urlencoded', ...headers })).status, isForeign ? 404 : 200);
		assert.equal((await ana.call('POST', '/api/session', {}, headers)).status, isForeign ? 403 : 200);
		assert.equal((await ana.call('DELETE', '/api/session', '', headers)).status, isForeign ? 403 : 204);
		assert.equal((await me(ana.headers)).identified, isForeign);
	});

test('a form cannot act for the bearer of a cookie', async () => {
	const ana = await Person.withSession(system);
	const id = await ana.chat();
	for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x', 'text/plain; application/json']) {
		const answer = await ana.call('POST', '/api/send-message', JSON.stringify({ chatId: id, messages: [{ role: 'user', content: 'x' }] }), { 'content-type': type });
		assert.equal(answer.status, 415, type);
		assert.equal((await ana.call('POST', `/api/chats/${id}/share`, '', { 'content-type': type })).status, 415, type);
		assert.equal((await ana.call('DELETE', `/api/chats/${id}`, '', { 'content-type': type })).status, 415, type);
	}
	assert.equal((await ana.history(id)).json.messages.length, 0);
});
