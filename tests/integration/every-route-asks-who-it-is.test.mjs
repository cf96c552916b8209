/**
 * Every route of the table (fcgi-app --print-routes) against everybody who may come. A route that is
 * new in the table has no row here, and fails until somebody has thought about who may use it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { BIN, startSystem, waitFor } from './harness.mjs';
import { command, jwt, Person, SECRET } from './identities.mjs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const routes = execFileSync(join(BIN, 'fcgi-app'), ['--print-routes'], { encoding: 'utf8' }).trim().split('\n')
	.map((line) => line.split('\t')).map(([method, pattern, need, flags]) => ({ method, pattern, need, flags: (flags ?? '').trim().split(' '), name: `${method} ${pattern}` }));

/**
 * What is asked of a private chat; c: { chatId, userId, replyId, memberId, token, q }. ok: what somebody who may
 * gets. Everybody else is answered as the route's need says, or as others: { who: status } does.
 */
const user = (content) => [{ role: 'user', content }];
const channel = (c) => `socket_id=1.2&channel_name=private-chat.${c.chatId}`;
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const OF_CHAT = 'chat'; // needs what a chat in the path needs, although the chat is named elsewhere
const rows = {
	'POST /api/send-message': { need: OF_CHAT, body: (c) => ({ chatId: c.chatId, messages: user('again') }), ok: [202] },
	'GET /api/chats': { ok: [200] },
	'POST /api/chats': { body: () => ({ title: 'new' }), ok: [201] },
	'GET /api/chats/{id}': { ok: [200] },
	'PATCH /api/chats/{id}': { body: () => ({ title: 'other' }), ok: [200] },
	'DELETE /api/chats/{id}': { ok: [200, 204] },
	'POST /api/chats/{id}/restore': { need: 'chat-restore', isDeleted: true, ok: [200] },
	'GET /api/chats/{id}/messages': { ok: [200] },
	'PATCH /api/chats/{id}/messages/{mid}': { body: () => ({ content: 'edited' }), ok: [202] },
	'DELETE /api/chats/{id}/messages/{mid}': { ok: [200, 204], others: { member: 403 } }, // another's turn
	'POST /api/chats/{id}/messages/{mid}/regenerate': { message: 'replyId', ok: [202] },
	'PUT /api/chats/{id}/head': { body: (c) => ({ messageId: c.replyId }), ok: [200, 204] },
	'POST /api/chats/{id}/stop': { ok: [200] },
	'GET /api/chats/{id}/history': { ok: [200] },
	'POST /api/chats/{id}/share': { ok: [201] },
	'DELETE /api/chats/{id}/share': { ok: [204] },
	'GET /api/chats/{id}/members': { ok: [200] },
	'DELETE /api/chats/{id}/members/{member}': { ok: [204] },
	'POST /api/join': { body: (c) => ({ token: c.token }), ok: [200] },
	'GET /api/me': { ok: [200] },
	'POST /api/session': { body: () => ({ name: 'x' }), ok: [200, 201] },
	'DELETE /api/session': { ok: [204], endsSession: true },
	'POST /broadcasting/auth': { need: OF_CHAT, headers: form, body: channel, ok: [200] },
	'POST /api/broadcasting/auth': { need: OF_CHAT, headers: form, body: channel, ok: [200] },
	'POST /broadcasting/user-auth': { headers: form, body: () => 'socket_id=1.2', ok: [200] },
	'POST /api/broadcasting/user-auth': { headers: form, body: () => 'socket_id=1.2', ok: [200] },
	'GET /api/search': { query: '?q=hola', ok: [200] },
	'GET /api/chats/{id}/export': { query: '?format=json', ok: [200] },
	'POST /api/import': { body: () => ({ chats: [{ title: 'x', messages: [] }] }), ok: [200, 201, 202, 400, 422] },
	'GET /api/usage': { ok: [200] },
	'GET /api/config': { ok: [200] },
	'GET /api/health': { ok: [200] },
	'GET /api/metrics': { ok: [200] },
	'GET /api/operator': { ok: [200] },
};

/** What each need means to each who comes: 'ok', or the status. */
const stranger = { nothing: 'ok', anybody: 'ok', identity: 401, 'open-or-identity': 'ok', chat: 404, 'chat-manage': 404, 'chat-owner': 404, 'chat-restore': 404, operator: 401 };
const outsider = { ...stranger, identity: 'ok' };
const refused = Object.fromEntries(Object.keys(stranger).map((need) => [need, need === 'nothing' ? 'ok' : 401]));
const member = { ...outsider, chat: 'ok', 'chat-manage': 403, 'chat-owner': 403, 'chat-restore': 404 };
const owner = { ...member, 'chat-manage': 'ok', 'chat-owner': 'ok', 'chat-restore': 'ok' };
const expectations = {
	stranger, outsider, member, owner,
	'removed member': outsider,
	'with a cookie that was made up': stranger,
	'with the cookie of a session that has ended': stranger,
	'owner with an expired token': refused,
	'owner with a forged token': refused,
	'owner with an unsigned token': refused,
	'with a revoked API token': refused,
	'operator': { ...stranger, operator: 'ok' },
};

const PASSWORD = 'a-password-of-operators-1';
let system;
const people = {};
before(async () => {
	system = await startSystem({ env: { JWT_SECRET: SECRET, DASHBOARD_PASSWORD: PASSWORD, TRUSTED_PROXIES: '127.0.0.1' } });
	people.stranger = new Person(system);
	people.outsider = await Person.withSession(system, 'Eva');
	people.member = await Person.withSession(system, 'Bea');
	people['removed member'] = await Person.withSession(system, 'Rex');
	people.owner = Person.withJwt(system, { sub: 'ana' });
	people['with a cookie that was made up'] = new Person(system, { cookie: `sid=${'A'.repeat(43)}` });
	people.operator = new Person(system, { authorization: `Basic ${Buffer.from(`x:${PASSWORD}`).toString('base64')}` });
	const left = await Person.withSession(system, 'Leo');
	assert.equal((await left.call('DELETE', '/api/session')).status, 204);
	people['with the cookie of a session that has ended'] = left;
	people['owner with an expired token'] = Person.withJwt(system, { sub: 'ana', exp: Math.floor(Date.now() / 1000) - 1 });
	people['owner with a forged token'] = new Person(system, { authorization: `Bearer ${jwt({ sub: 'ana' }, { secret: `${SECRET}x` })}` });
	people['owner with an unsigned token'] = new Person(system, { authorization: `Bearer ${jwt({ sub: 'ana' }, { header: { alg: 'none' }, secret: null })}x` });
	const token = command(system, '--token-create', 'bot').trim();
	people['with a revoked API token'] = new Person(system, { authorization: `Bearer ${token}` });
	assert.equal((await people['with a revoked API token'].call('GET', '/api/me')).json.kind, 'token');
	command(system, '--token-revoke', 'bot');
});
after(() => system?.stop());

const publicId = async (who) => (await who.call('GET', '/api/me')).json.id;

/** A private chat of the owner's with a member, one who was removed, an answered turn and a valid link. */
async function makeChat() {
	const { owner, member } = people, removed = people['removed member'];
	const chatId = await owner.chat();
	const { token } = await owner.invite(chatId, member);
	await owner.invite(chatId, removed);
	assert.equal((await owner.call('DELETE', `/api/chats/${chatId}/members/${await publicId(removed)}`)).status, 204);
	const said = (await owner.say(chatId, '[[bytes=5]] hola')).json;
	await waitFor(async () => (await owner.history(chatId)).json.messages.at(-1).status === 'complete', 'the reply');
	return { chatId, token, userId: said.messageId, replyId: said.replyId, memberId: await publicId(member) };
}

const pathOf = (route, row, c) => route.pattern.replace('{id}', c.chatId).replace('{mid}', c[row.message ?? 'userId']).replace('{member}', c.memberId) + (row.query ?? '');

test('every route has a row', () => {
	assert.deepEqual(routes.map(({ name }) => name).filter((name) => !(name in rows)), []);
	for (const { need } of routes)
		assert.ok(need in stranger, need);
});

/** Wrong passwords are counted by address: each has one of their own. */
const from = (who) => ({ 'x-forwarded-for': `192.0.2.${Object.keys(expectations).indexOf(who) + 1}` });

for (const route of routes)
	test(`${route.name} (${route.need})`, async () => {
		const row = rows[route.name];
		const changes = route.method !== 'GET';
		let c = await makeChat();
		for (const [who, needs] of Object.entries(expectations)) {
			if (changes && who !== 'stranger')
				c = await makeChat();
			if (row.isDeleted)
				assert.equal((await people.owner.call('DELETE', `/api/chats/${c.chatId}`)).status, 200);
			const before = changes && !row.isDeleted ? (await people.owner.history(c.chatId)).json : null;
			const person = row.endsSession && people[who].started ? await Person.withSession(system, 'Tmp') : people[who];
			const answer = await person.call(route.method, pathOf(route, row, c), row.body?.(c) ?? '', route.need === 'operator' ? from(who) : row.headers);
			const want = row.others?.[who] ?? needs[row.need ?? route.need];
			const told = `${who}: ${answer.status} ${answer.text.slice(0, 200)}`;
			if (want === 'ok') {
				assert.ok(row.ok.includes(answer.status), told);
			} else {
				assert.equal(answer.status, want, told);
				assert.equal(answer.headers['content-type'], 'application/problem+json', told);
				assert.equal(want === 401, 'www-authenticate' in answer.headers, told);
				if (before) // refused: nothing has changed
					assert.deepEqual((await people.owner.history(c.chatId)).json, before, told);
			}
		}
	});

test('what is not for a stranger looks as what is not there', async () => {
	const c = await makeChat();
	for (const route of routes.filter(({ need }) => need.startsWith('chat'))) {
		const ask = async (id) => {
			const answer = await people.outsider.call(route.method, pathOf(route, rows[route.name], { ...c, chatId: id }), rows[route.name].body?.(c) ?? '');
			delete answer.json.instance;
			return { status: answer.status, json: answer.json };
		};
		assert.deepEqual(await ask(c.chatId), await ask(`c-${'x'.repeat(22)}`), route.name);
	}
});
