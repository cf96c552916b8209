/** Regenerate, edit, choose a branch, take a message away, page both ways; what history says of it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ask, startSystem, waitFor } from './harness.mjs';
import { Person } from './identities.mjs';
import { OldClient } from './old-client.mjs';

let system, nobody;
before(async () => { system = await startSystem(); nobody = new Person(system); });
after(() => system?.stop());

const history = async (chatId, after = 0) => (await nobody.call('GET', `/api/chats/${chatId}/history?after=${after}`)).json;
const page = (chatId, query = '') => nobody.call('GET', `/api/chats/${chatId}/messages${query}`);
const texts = (messages) => messages.map((m) => m.content);
const ended = (chatId, replyId) => waitFor(async () => {
	const { messages } = await history(chatId);
	const m = messages.find(({ id }) => id === replyId);
	return m && !['queued', 'streaming'].includes(m.status) ? m : null;
}, `the end of ${replyId}`);

/** The active branch by history alone, as a client builds it. */
async function branch(chatId) {
	const { messages, headId } = await history(chatId);
	const byId = new Map(messages.map((m) => [m.id, m]));
	const out = [];
	for (let m = byId.get(headId); m; m = byId.get(m.parentId))
		out.unshift(m.content);
	return out;
}

test('regenerate makes a sibling; both stay, and either can be chosen', async () => {
	const first = await ask(system, 'r1', 'hola [[echo]]');
	const answer = await nobody.call('POST', `/api/chats/r1/messages/${first.id}/regenerate`);
	assert.equal(answer.status, 202, answer.text);
	assert.deepEqual(Object.keys(answer.json).sort(), ['channel', 'chatId', 'jobId', 'messageId', 'replyId', 'seq', 'status']);
	assert.equal(answer.json.messageId, first.parentId);
	const second = await ended('r1', answer.json.replyId);
	assert.equal(second.parentId, first.parentId);
	assert.equal((await history('r1')).headId, second.id);
	const { json } = await page('r1');
	assert.deepEqual(json.messages.at(-1).siblings, [first.id, second.id]);
	assert.equal(json.messages[0].siblings, undefined);

	const before = (await history('r1')).seq;
	const chosen = await nobody.call('PUT', '/api/chats/r1/head', { messageId: first.id });
	assert.equal(chosen.status, 200, chosen.text);
	assert.equal(chosen.json.headId, first.id);
	const change = await history('r1', before);
	assert.equal(change.headId, first.id);
	assert.equal(change.chat.headId, first.id);
	assert.deepEqual(change.messages, []);
	// a page down follows the chosen one, not the newest
	assert.deepEqual((await page('r1', `?after=${first.parentId}`)).json.messages.map((m) => m.id), [first.id]);
	// the conversation goes on from there
	await ask(system, 'r1', 'y [[echo]]');
	assert.deepEqual(await branch('r1'), ['hola [[echo]]', 'hola', 'y [[echo]]', 'y']);
});

test('an edited turn is a sibling with an answer of its own; the old branch stays', async () => {
	const a1 = await ask(system, 'e1', 'uno [[echo]]');
	await ask(system, 'e1', 'dos [[echo]]');
	const edited = await nobody.call('PATCH', `/api/chats/e1/messages/${a1.parentId}`, { content: 'UNO [[echo]]' });
	assert.equal(edited.status, 202, edited.text);
	await ended('e1', edited.json.replyId);
	assert.deepEqual(await branch('e1'), ['UNO [[echo]]', 'UNO']);
	// choosing the old turn shows its branch to the end
	const chosen = await nobody.call('PUT', '/api/chats/e1/head', { messageId: a1.parentId });
	assert.deepEqual(await branch('e1'), ['uno [[echo]]', 'uno', 'dos [[echo]]', 'dos']);
	assert.equal(chosen.json.headId, (await history('e1')).headId);
	// exactly there, if that is wanted
	await nobody.call('PUT', '/api/chats/e1/head', { messageId: a1.id, exact: true });
	assert.deepEqual(await branch('e1'), ['uno [[echo]]', 'uno']);
	const { json } = await page('e1');
	assert.equal(json.messages[0].siblings.length, 2);
	for (const [body, status] of [[{}, 422], [{ content: ' ' }, 422], [{ content: 5 }, 422], [{ content: 'x'.repeat(32 * 1024 + 1) }, 422]])
		assert.equal((await nobody.call('PATCH', `/api/chats/e1/messages/${a1.parentId}`, body)).status, status);
	assert.equal((await nobody.call('PATCH', `/api/chats/e1/messages/${a1.id}`, { content: 'x' })).status, 409, 'an answer is no turn of a person');
});

test('the same Idempotency-Key regenerates and edits once', async () => {
	const a1 = await ask(system, 'k1', 'uno [[echo]]');
	const key = { 'idempotency-key': 'k' };
	const path = `/api/chats/k1/messages/${a1.id}/regenerate`;
	const first = await nobody.call('POST', path, '', key);
	const again = await nobody.call('POST', path, '', key);
	assert.deepEqual(again.json, first.json);
	assert.equal(again.headers['idempotent-replayed'], 'true');
	await ended('k1', first.json.replyId);
	assert.equal((await history('k1')).messages.length, 3);
	assert.equal((await nobody.call('PATCH', `/api/chats/k1/messages/${a1.parentId}`, { content: 'x' }, key)).status, 422, 'another request');
	const edit = { 'idempotency-key': 'e' };
	const one = await nobody.call('PATCH', `/api/chats/k1/messages/${a1.parentId}`, { content: 'UNO' }, edit);
	assert.deepEqual((await nobody.call('PATCH', `/api/chats/k1/messages/${a1.parentId}`, { content: 'UNO' }, edit)).json, one.json);
	await ended('k1', one.json.replyId);
	assert.equal((await history('k1')).messages.length, 5);
});

test('a message is taken away with what hangs below it, and readers are told', async () => {
	const a1 = await ask(system, 'd1', 'uno [[echo]]');
	const a2 = await ask(system, 'd1', 'dos [[echo]]');
	const { seq } = await history('d1');
	const gone = await nobody.call('DELETE', `/api/chats/d1/messages/${a2.parentId}`);
	assert.equal(gone.status, 200, gone.text);
	const change = await history('d1', seq);
	assert.deepEqual(change.deleted.sort(), [a2.id, a2.parentId].sort());
	assert.equal(change.headId, a1.id);
	assert.equal(change.seq, gone.json.seq);
	assert.deepEqual((await history('d1')).messages.map((m) => m.id), [a1.parentId, a1.id]);
	assert.equal((await nobody.call('DELETE', `/api/chats/d1/messages/${a2.id}`)).status, 404);
	await ask(system, 'd1', 'tres [[echo]]');
	assert.deepEqual(await branch('d1'), ['uno [[echo]]', 'uno', 'tres [[echo]]', 'tres']);
});

test('pages go up and down the branch', async () => {
	const turns = Array.from({ length: 61 }, (_, i) => ({ role: i % 2 ? 'assistant' : 'user', content: `t${i}` }));
	const posted = await nobody.call('POST', '/api/send-message', { chatId: 'p1', messages: turns });
	await ended('p1', posted.json.replyId);
	const newest = (await page('p1', '?limit=10')).json;
	assert.equal(newest.messages.length, 10);
	assert.equal(newest.more, true);
	assert.equal(newest.messages.at(-1).id, newest.headId);
	const all = [...newest.messages];
	for (let more = newest.more; more;) {
		const { json } = await page('p1', `?limit=10&before=${all[0].id}`);
		all.unshift(...json.messages);
		more = json.more;
	}
	assert.deepEqual(texts(all).slice(0, 61), turns.map((t) => t.content));
	const down = [all[0]];
	for (let more = true; more;) {
		const { json } = await page('p1', `?limit=7&after=${down.at(-1).id}`);
		down.push(...json.messages);
		more = json.more;
	}
	assert.deepEqual(down, all);
	assert.equal((await page('p1')).json.messages.length, 50);
	assert.deepEqual((await page('p1', `?before=${all[0].id}`)).json.messages, []);
	assert.deepEqual((await page('p1', `?after=${newest.headId}`)).json.messages, []);
	for (const [query, status] of [['?before=nope', 404], ['?after=nope', 404], ['?limit=x', 400], ['?limit=-1', 400]])
		assert.equal((await page('p1', query)).status, status, query);
});

test('what is not there is 404, in this chat and in another one', async () => {
	const mine = await ask(system, 'x1', 'hola [[echo]]');
	await ask(system, 'x2', 'hola [[echo]]');
	for (const [method, path, body] of [
		['POST', `/messages/${mine.id}/regenerate`, ''], ['PATCH', `/messages/${mine.parentId}`, { content: 'x' }],
		['DELETE', `/messages/${mine.id}`, ''], ['PUT', '/head', { messageId: mine.id }],
		['POST', `/messages/${'y'.repeat(300)}/regenerate`, ''], ['POST', '/messages/%00/regenerate', '']]) {
		const answer = await nobody.call(method, `/api/chats/x2${path}`, body);
		assert.ok([404, 400].includes(answer.status), `${method} ${path}: ${answer.status}`);
	}
	assert.equal((await nobody.call('PUT', '/api/chats/x2/head', {})).status, 422);
	assert.equal((await history('x2')).messages.length, 2, 'nothing has changed');
});

test('each change is pushed, with numbers that leave no gap', async () => {
	const a1 = await ask(system, 'ev', 'uno [[echo]]');
	const a2 = await ask(system, 'ev', 'dos [[echo]]');
	const client = await new OldClient(system, 'ev').subscribe();
	const events = [];
	client.pusher.channel('chat.ev').bind_global((name, data) => data?.seq && !events.at(-1)?.data.deleted && events.push({ name, data }));
	try {
		let { seq } = await history('ev');
		const chat = '/api/chats/ev';
		await nobody.call('PATCH', chat, { title: 'Otro nombre' });
		const edited = (await nobody.call('PATCH', `${chat}/messages/${a1.parentId}`, { content: 'UNO [[echo]]' })).json;
		await ended('ev', edited.replyId);
		await nobody.call('PUT', `${chat}/head`, { messageId: a2.id });
		await nobody.call('DELETE', `${chat}/messages/${a2.parentId}`);
		await nobody.call('DELETE', chat);
		// then the sockets of its channels are closed
		await waitFor(() => events.at(-1)?.data.deleted === true, 'the last event');
		await nobody.call('POST', `${chat}/restore`);
		assert.equal((await history('ev')).seq, events.at(-1).data.seq + 1);
		for (const { name, data } of events) {
			assert.equal(data.prev, seq, `${name} follows`);
			seq = data.seq;
		}
		const named = (name) => events.filter((e) => e.name === name).map((e) => e.data);
		assert.equal(named('chat_updated')[0].title, 'Otro nombre');
		assert.equal(named('message_edited')[0].editedId, a1.parentId);
		assert.equal(named('message_edited')[0].message.id, edited.messageId);
		assert.equal(named('message_created')[0].message.content, 'UNO [[echo]]');
		assert.equal(named('job_queued')[0].position, 0);
		assert.deepEqual(named('message_deleted')[0].ids.sort(), [a2.id, a2.parentId].sort());
		assert.deepEqual(named('chat_updated').slice(1).map((e) => e.head_id ?? e.deleted), [a2.id, a1.id, true]);
		for (const { data, name } of events)
			assert.equal(data.chat_id ?? data.chatId, 'ev', name);
	} finally {
		client.close();
	}
});
