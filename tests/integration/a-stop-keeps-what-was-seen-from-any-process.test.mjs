/**
 * Stop, from FastCGI and from plain CGI, with and without the wake-up reaching the worker: one outcome,
 * the text that was seen, and no stream left open at the provider. Delete, edit and regenerate the same.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { cgi as cgiOf } from './cgi.mjs';
import { startSystem, waitFor } from './harness.mjs';
import { Person, SECRET } from './identities.mjs';
import { OldClient } from './old-client.mjs';

const STOP_MS = 250;
let system, nobody;
before(async () => { system = await startSystem({ env: { JWT_SECRET: SECRET } }); nobody = new Person(system); });
after(() => system?.stop());

const history = async (chatId) => (await nobody.history(chatId)).json;
const reply = async (chatId, replyId) => (await history(chatId)).messages?.find((m) => m.id === replyId);
const open = async () => (await system.standin.counters()).open_streams;

let posts = 0;
/** A reply that streams slowly and has begun; or, with first=, one that does not begin. */
async function streaming(chatId, directives = 'chunk=20,delay=30') {
	const before = await open();
	const { json } = await nobody.say(chatId, `pregunta ${++posts} [[bytes=20000,${directives}]]`);
	if (directives.includes('first='))
		await waitFor(async () => await open() > before, 'the provider is asked');
	else
		await waitFor(async () => (await reply(chatId, json.replyId)).content.length > 100, 'some text');
	return json;
}

/** Everything is closed within the time that we promise, from when the answer came. */
async function closes(wanted, since) {
	await waitFor(async () => await open() === wanted, 'the provider\'s streams are closed', 5_000);
	const ms = Date.now() - since;
	assert.ok(ms < STOP_MS, `closed after ${ms} ms`);
}

const cgi = (...request) => cgiOf(system, ...request);

test('a stop cuts the text at what was seen, and the stream ends', async () => {
	const client = await new OldClient(system, 's1').subscribe();
	try {
		const { replyId, jobId } = await streaming('s1');
		const started = Date.now();
		const { status, json } = await nobody.call('POST', '/api/chats/s1/stop', { length: 57 });
		assert.equal(status, 200);
		assert.deepEqual({ ...json, seq: 0 }, { status: 'stopped', chatId: 's1', stopped: 1, messageId: replyId, jobId, length: 57, seq: 0 });
		await closes(0, started);
		const m = await reply('s1', replyId);
		assert.equal(m.status, 'stopped');
		assert.equal(m.content.length, 57);
		await waitFor(() => client.sent.length === 1, 'MessageSent');
		assert.equal(client.sent[0].message.content, m.content);
		assert.equal(client.sent[0].message.status, 'stopped');
		assert.equal(client.names.filter((n) => n === 'stream_end').length, 1);
		assert.deepEqual(client.names.slice(-2), ['stream_end', 'App\\Events\\MessageSent']);
		// again: nothing runs any more, nothing changes
		const again = await nobody.call('POST', '/api/chats/s1/stop', { length: 3 });
		assert.equal(again.status, 200);
		assert.equal(again.json.status, 'idle');
		assert.deepEqual(await reply('s1', replyId), m);
	} finally {
		client.close();
	}
});

test('without a length the whole text so far stays; a larger one is clamped', async () => {
	const { replyId } = await streaming('s2');
	const seen = (await reply('s2', replyId)).content;
	const { json } = await nobody.call('POST', '/api/chats/s2/stop');
	const kept = (await reply('s2', replyId)).content;
	assert.ok(kept.startsWith(seen) && kept.length === json.length);
	const next = await streaming('s2');
	const clamped = await nobody.call('POST', '/api/chats/s2/stop', { length: 10_000_000, messageId: next.replyId });
	assert.equal((await reply('s2', next.replyId)).content.length, clamped.json.length);
	assert.ok(clamped.json.length > 0);
	for (const body of [{ length: 'x' }, { length: 1.5 }, { messageId: 5 }, []])
		assert.equal((await nobody.call('POST', '/api/chats/s2/stop', body)).status, 422, JSON.stringify(body));
	assert.equal((await nobody.call('POST', '/api/chats/nothing-here/stop')).status, 404);
});

test('a reply that has not begun, and one that waits, are stopped as well', async () => {
	const first = await streaming('s3', 'first=60000');
	const second = (await nobody.say('s3', 'y otra [[echo]]')).json;
	const started = Date.now();
	const one = await nobody.call('POST', '/api/chats/s3/stop', { messageId: second.replyId });
	assert.equal(one.json.messageId, second.replyId);
	assert.equal((await reply('s3', second.replyId)).status, 'stopped');
	assert.equal((await reply('s3', first.replyId)).status, 'streaming');
	assert.equal((await nobody.call('POST', '/api/chats/s3/stop')).json.messageId, first.replyId);
	await closes(0, started);
	assert.equal((await reply('s3', first.replyId)).content, '');
});

test('all: everything that runs or waits', async () => {
	const ids = [(await streaming('s4')).replyId, (await nobody.say('s4', 'b')).json.replyId, (await nobody.say('s4', 'c')).json.replyId];
	assert.equal((await nobody.call('POST', '/api/chats/s4/stop', { all: true })).json.stopped, 3);
	for (const id of ids)
		assert.equal((await reply('s4', id)).status, 'stopped');
	await waitFor(async () => await open() === 0, 'closed');
});

for (const [how, env] of [['its wake-up reaches the worker', {}], ['its wake-up is lost', { WORKER_SOCKET: '/nonexistent/worker.sock' }]]) {
	const name = (what) => `${what}-${Object.keys(env).length}`;

	test(`stopped from plain CGI, ${how}`, async () => {
		const chatId = name('cgi-stop');
		const { replyId } = await streaming(chatId);
		const { status, json } = await cgi('POST', `/api/chats/${chatId}/stop`, '{"length":40}', env);
		const started = Date.now();
		assert.equal(status, 200);
		assert.equal(json.length, 40);
		await closes(0, started);
		assert.equal((await reply(chatId, replyId)).content.length, 40);
	});

	test(`chat and message deleted from plain CGI, ${how}`, async () => {
		const chatId = name('cgi-delete');
		const { replyId } = await streaming(chatId);
		assert.equal((await cgi('DELETE', `/api/chats/${chatId}/messages/${replyId}`, '', env)).status, 200);
		await closes(0, Date.now());
		assert.equal(await reply(chatId, replyId), undefined);
		await streaming(chatId);
		assert.equal((await cgi('DELETE', `/api/chats/${chatId}`, '', env)).status, 200);
		await closes(0, Date.now());
		assert.equal((await nobody.history(chatId)).status, 404);
	});

	test(`edited and asked anew from plain CGI, ${how}`, async () => {
		const chatId = name('cgi-edit');
		const { messageId, replyId } = await streaming(chatId);
		const edited = await cgi('PATCH', `/api/chats/${chatId}/messages/${messageId}`, JSON.stringify({ content: 'otra [[bytes=20000,chunk=20,delay=30]]' }), env);
		assert.equal(edited.status, 202);
		await waitFor(async () => (await reply(chatId, edited.json.replyId)).content.length > 50, 'the new reply streams');
		assert.equal(await open(), 1, 'only the new one');
		assert.equal((await reply(chatId, replyId)).status, 'stopped');
		const anew = await cgi('POST', `/api/chats/${chatId}/messages/${edited.json.replyId}/regenerate`, '', env);
		assert.equal(anew.status, 202);
		await waitFor(async () => (await reply(chatId, anew.json.replyId)).content.length > 50, 'and the next one');
		assert.equal(await open(), 1);
		await nobody.call('POST', `/api/chats/${chatId}/stop`);
		await closes(0, Date.now());
	});
}

test('deleting the chat closes the stream', async () => {
	await streaming('d1');
	const started = Date.now();
	assert.equal((await nobody.call('DELETE', '/api/chats/d1')).status, 200);
	await closes(0, started);
	await nobody.call('POST', '/api/chats/d1/restore');
	assert.equal((await history('d1')).messages.at(-1).status, 'stopped');
});

test('deleting the message, editing the turn and asking anew close it, too', async () => {
	const a = await streaming('d2');
	let started = Date.now();
	assert.equal((await nobody.call('DELETE', `/api/chats/d2/messages/${a.replyId}`)).status, 200);
	await closes(0, started);
	const b = await streaming('d2');
	started = Date.now();
	const edited = await nobody.call('PATCH', `/api/chats/d2/messages/${b.messageId}`, { content: 'mejor así [[bytes=20000,chunk=20,delay=30]]' });
	assert.equal(edited.status, 202);
	await waitFor(async () => (await reply('d2', edited.json.replyId)).content.length > 50, 'the new reply streams');
	assert.equal(await open(), 1, 'only the new one');
	assert.equal((await reply('d2', b.replyId)).status, 'stopped');
	const anew = await nobody.call('POST', `/api/chats/d2/messages/${edited.json.replyId}/regenerate`);
	await waitFor(async () => (await reply('d2', anew.json.replyId)).content.length > 50, 'and the next one');
	assert.equal(await open(), 1);
	started = Date.now();
	await nobody.call('POST', '/api/chats/d2/stop');
	await closes(0, started);
});

test('from a deleted message nothing comes back', async () => {
	const a = await streaming('d3');
	await nobody.call('DELETE', `/api/chats/d3/messages/${a.messageId}`);
	await waitFor(async () => await open() === 0, 'closed');
	const { messages, headId } = await history('d3');
	assert.deepEqual(messages, []);
	assert.equal(headId, null);
});

test('a stop that races with the end has one outcome', async () => {
	const client = await new OldClient(system, 'race').subscribe();
	const replies = [];
	try {
		for (let i = 0; i < 25; i++) {
			const { replyId } = (await nobody.say('race', `carrera ${i} [[bytes=400,chunk=100,delay=${i % 5}]]`)).json;
			const until = Date.now() + (i * 7) % 60;
			await waitFor(() => Date.now() >= until, 'the moment');
			await nobody.call('POST', '/api/chats/race/stop', { messageId: replyId });
			replies.push(replyId);
		}
		const final = await waitFor(async () => {
			const { messages } = await history('race');
			return messages.every((m) => !['queued', 'streaming'].includes(m.status)) && messages;
		}, 'all ended');
		for (const id of replies) {
			const m = final.find((x) => x.id === id);
			assert.ok(['stopped', 'complete'].includes(m.status), m.status);
			if (m.status === 'complete')
				assert.equal(m.content.length > 0, true);
		}
		await waitFor(() => client.sent.length >= 25, 'one MessageSent each');
		assert.equal(client.sent.length, 25);
		assert.equal(new Set(client.sent.map((e) => e.message.id)).size, 25);
		for (const e of client.sent)
			assert.equal(e.message.content, final.find((m) => m.id === e.message.id).content);
	} finally {
		client.close();
	}
});

test('what a stopped reply has cost is counted', async () => {
	const ana = Person.withJwt(system, { sub: 'ana' });
	const { json: { chatId } } = await ana.call('POST', '/api/chats', {});
	const { json } = await ana.say(chatId, 'larga [[bytes=20000,chunk=20,delay=30]]');
	await waitFor(async () => (await ana.history(chatId)).json.messages?.find((m) => m.id === json.replyId).content.length > 50, 'text');
	await ana.call('POST', `/api/chats/${chatId}/stop`);
	const usage = await waitFor(async () => {
		const u = (await ana.call('GET', '/api/usage')).json;
		return u.today.requests > 0 && u;
	}, 'the usage');
	assert.equal(usage.scope, 'me');
	assert.ok(usage.today.totalTokens > 0);
	assert.equal(usage.days.length, 1);
	assert.equal(usage.days[0].day, new Date().toISOString().slice(0, 10));
	assert.equal(usage.days[0].totalTokens, usage.today.totalTokens);
	assert.equal((await Person.withJwt(system, { sub: 'bea' }).call('GET', '/api/usage')).json.today.requests, 0);
	assert.ok((await nobody.call('GET', '/api/usage')).json.today.requests > 1, 'the whole site, in local mode');
});
