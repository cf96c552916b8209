/** Search in what one may see, snippets, hostile queries; export as JSON and Markdown; import of that JSON. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ask, startSystem, waitFor } from './harness.mjs';
import { Person, SECRET } from './identities.mjs';

let system, ana, bea, nobody;
before(async () => {
	system = await startSystem({ env: { JWT_SECRET: SECRET } });
	ana = Person.withJwt(system, { sub: 'ana', name: 'Ana' });
	bea = Person.withJwt(system, { sub: 'bea', name: 'Bea' });
	nobody = new Person(system);
});
after(() => system?.stop());

const finished = (person, chatId, count) => waitFor(async () => {
	const { json } = await person.history(chatId);
	return json.messages?.length === count && json.messages.every((m) => !['queued', 'streaming'].includes(m.status)) && json;
}, `${count} finished messages in ${chatId}`);
const search = (person, q, rest = '') => person.call('GET', `/api/search?q=${encodeURIComponent(q)}${rest}`);
const found = async (person, q, rest) => (await search(person, q, rest)).json.results;
const marked = ({ snippet, highlights }) => highlights.map(([start, length]) => snippet.slice(start, start + length));

test('words are found without accents, soon after they were said, with the words around', async () => {
	const chatId = await ana.chat('Música');
	await ana.say(chatId, 'Una Canción 🙂 de cuna, por favor [[echo]]');
	await finished(ana, chatId, 2);
	const results = await waitFor(async () => {
		const list = await found(ana, 'cancion cuna');
		return list.length === 2 && list;
	}, 'both are in the index', 2_000);
	assert.deepEqual(results.map((r) => r.role), ['assistant', 'user'], 'the newest first');
	for (const r of results) {
		assert.equal(r.chatId, chatId);
		assert.equal(r.title, 'Música');
		assert.deepEqual(marked(r), ['Canción', 'cuna']);
	}
	assert.equal(results[1].authorName, 'Ana');
	assert.equal((await found(ana, 'canc*')).length, 2);
	assert.equal((await found(ana, '"de cuna, por"')).length, 2);
	assert.equal((await found(ana, '"cuna de"')).length, 0);
	assert.equal((await found(ana, 'nadadeesto')).length, 0);
});

test('nobody finds what is not theirs, and a deleted chat is not found', async () => {
	const chatId = await ana.chat();
	await ana.say(chatId, 'palabraprivada [[echo]]');
	await finished(ana, chatId, 2);
	await waitFor(async () => (await found(ana, 'palabraprivada')).length === 2, 'the index');
	for (const who of [bea, nobody]) {
		assert.deepEqual(await found(who, 'palabraprivada'), []);
		assert.equal((await search(who, 'palabraprivada', `&chat=${chatId}`)).status, 404);
	}
	await ana.invite(chatId, bea);
	assert.equal((await found(bea, 'palabraprivada')).length, 2);
	assert.equal((await found(bea, 'palabraprivada', `&chat=${chatId}`)).length, 2);
	await ana.call('DELETE', `/api/chats/${chatId}`);
	assert.deepEqual(await found(ana, 'palabraprivada'), []);
});

test('one chat alone, and pages', async () => {
	for (let i = 0; i < 3; i++)
		await ask(system, `pages-${i % 2}`, `repetida número ${i} [[echo]]`);
	await waitFor(async () => (await found(nobody, 'repetida')).length === 6, 'the index');
	assert.equal((await found(nobody, 'repetida', '&chat=pages-1')).length, 2);
	const all = await found(nobody, 'repetida');
	const pages = [];
	for (let cursor = ''; cursor !== null;) {
		const { json } = await search(nobody, 'repetida', `&limit=4${cursor && `&cursor=${cursor}`}`);
		assert.ok(json.results.length <= 4);
		pages.push(...json.results);
		cursor = json.nextCursor;
	}
	assert.deepEqual(pages, all);
});

test('hostile queries find nothing and break nothing', async () => {
	for (const q of ['" OR 1=1 --', 'chat:c1', 'content:a', 'a NEAR b', 'NOT a', '^a', 'a"b"c"', "'; DROP TABLE messages; --", '{a b}:c', '\u0000a'.slice(1), '*a*', 'a^2', '-a +b', '🙂'])
		assert.equal((await search(nobody, q)).status, 200, q);
	for (const q of ['', '   ', '***', '"', '!!', '(((', 'x'.repeat(257), Array(17).fill('a').join(' ')])
		assert.equal((await search(nobody, q)).status, 400, q.slice(0, 20));
	assert.equal((await nobody.call('GET', '/api/search')).status, 400);
	for (const rest of ['&limit=x', '&cursor=x', '&cursor=-1'])
		assert.equal((await search(nobody, 'a', rest)).status, 400, rest);
	assert.equal((await nobody.call('GET', '/api/search?q=%ff')).status, 400);
	assert.equal((await search(nobody, 'a', '&chat=there-is-none')).status, 404);
});

/** A chat with two branches, two authors and a persona. */
async function richChat() {
	const { json: { chatId } } = await ana.call('POST', '/api/chats', { title: 'Árbol: ramas / «todo»', systemPrompt: 'Sé breve.' });
	await ana.invite(chatId, bea);
	const one = (await ana.say(chatId, 'uno [[echo]]')).json;
	await finished(ana, chatId, 2);
	await bea.say(chatId, 'dos [[echo]]');
	await finished(ana, chatId, 4);
	const edited = (await ana.call('PATCH', `/api/chats/${chatId}/messages/${one.messageId}`, { content: 'UNO [[echo]]' })).json;
	await finished(ana, chatId, 6);
	return { chatId, one, edited };
}

/** What must be the same on both sides: everything but ids and numbers. */
function shape(file) {
	const place = new Map(file.messages.map((m, i) => [m.id, i]));
	return {
		chat: { title: file.chat.title, systemPrompt: file.chat.systemPrompt, model: file.chat.model, lang: file.chat.lang, head: place.get(file.chat.headId) },
		messages: file.messages.map(({ id, parentId, ...rest }) => ({ ...rest, parent: parentId === null ? null : place.get(parentId) })),
	};
}

test('what is exported can be imported, and is the same again', async () => {
	const { chatId } = await richChat();
	const exported = await ana.call('GET', `/api/chats/${chatId}/export?format=json`);
	assert.equal(exported.status, 200);
	assert.match(exported.headers['content-disposition'], /^attachment; filename="charla-[A-Za-z0-9-]+\.json"$/);
	assert.equal(exported.json.format, 'charla-chat');
	assert.equal(exported.json.messages.length, 6);
	assert.deepEqual(new Set(exported.json.messages.filter((m) => m.role === 'user').map((m) => m.author.name)), new Set(['Ana', 'Bea']));
	const imported = await bea.call('POST', '/api/import', exported.json);
	assert.equal(imported.status, 201, imported.text);
	assert.notEqual(imported.json.chatId, chatId);
	assert.equal(imported.json.messages, 6);
	assert.equal(imported.headers.location, `/api/chats/${imported.json.chatId}`);
	const again = await bea.call('GET', `/api/chats/${imported.json.chatId}/export`);
	assert.deepEqual(shape(again.json), shape(exported.json));
	const chat = (await bea.call('GET', `/api/chats/${imported.json.chatId}`)).json;
	assert.equal(chat.access, 'owner');
	assert.equal(chat.visibility, 'private');
	assert.equal((await ana.call('GET', `/api/chats/${imported.json.chatId}`)).status, 404);
	// it can be gone on with, and it is searched
	await bea.say(imported.json.chatId, 'sigue [[echo]]');
	await finished(bea, imported.json.chatId, 8);
	await waitFor(async () => (await found(bea, 'dos', `&chat=${imported.json.chatId}`)).length === 2, 'the index');
	assert.equal((await bea.call('GET', '/api/usage')).json.today.requests, 2, 'what was imported was not spent here');
});

test('Markdown shows the active branch, for reading', async () => {
	const { chatId } = await richChat();
	const { status, headers, text } = await ana.call('GET', `/api/chats/${chatId}/export?format=md`);
	assert.equal(status, 200);
	assert.match(headers['content-type'], /^text\/markdown/);
	assert.match(headers['content-disposition'], /\.md"$/);
	assert.match(text, /^# Árbol: ramas \/ «todo»\n/);
	assert.match(text, /\n## Ana · \d{4}-\d\d-\d\d \d\d:\d\d\n\nUNO/);
	assert.match(text, /\n## Asistente · /);
	assert.doesNotMatch(text, /dos/, 'that is the other branch');
	assert.equal((await ana.call('GET', `/api/chats/${chatId}/export?format=pdf`)).status, 400);
});

test('what is no export of ours changes nothing', async () => {
	const good = (await ana.call('GET', `/api/chats/${(await richChat()).chatId}/export`)).json;
	const count = async () => (await bea.call('GET', '/api/chats')).json.chats.filter((c) => c.visibility === 'private').length;
	const before = await count();
	const change = (f) => { const copy = structuredClone(good); f(copy); return copy; };
	const bad = {
		'another format': change((f) => { f.format = 'chatgpt'; }),
		'another version': change((f) => { f.version = 2; }),
		'no chat': change((f) => { delete f.chat; }),
		'messages no list': change((f) => { f.messages = {}; }),
		'a message that is none': change((f) => { f.messages[1] = 'x'; }),
		'a parent that is not there': change((f) => { f.messages[1].parentId = 'nobody'; }),
		'a parent that comes later': change((f) => { f.messages[0].parentId = f.messages[1].id; }),
		'a message twice': change((f) => { f.messages.push(f.messages[0]); }),
		'its own parent': change((f) => { f.messages[0].parentId = f.messages[0].id; }),
		'a foreign role': change((f) => { f.messages[0].role = 'system'; }),
		'a text too long': change((f) => { f.messages[0].content = 'x'.repeat(32 * 1024 + 1); }),
		'an empty turn': change((f) => { f.messages[0].content = ' '; }),
		'no time': change((f) => { f.messages[0].createdAt = 'yesterday'; }),
		'a title too long': change((f) => { f.chat.title = 'x'.repeat(201); }),
		'a list': [],
	};
	for (const [what, body] of Object.entries(bad)) {
		const answer = await bea.call('POST', '/api/import', JSON.stringify(body), { 'content-type': 'application/json' });
		assert.equal(answer.status, 422, `${what}: ${answer.text}`);
	}
	assert.equal((await nobody.call('POST', '/api/import', good)).status, 401);
	assert.equal(await count(), before);
});

test('a large file comes in whole, and by its key only once', async () => {
	const n = 3_000;
	const file = { format: 'charla-chat', version: 1, chat: { title: 'Larga' }, messages: Array.from({ length: n }, (_, i) => ({
		id: `m${i}`, parentId: i ? `m${i - 1}` : null, role: i % 2 ? 'assistant' : 'user', content: `mensaje ${i} ${'relleno '.repeat(80)}`, status: 'complete',
	})) };
	const body = JSON.stringify(file);
	assert.ok(body.length > 1024 * 1024);
	const key = { 'idempotency-key': 'large', 'content-type': 'application/json' };
	const first = await ana.call('POST', '/api/import', body, key);
	assert.equal(first.status, 201, first.text);
	const again = await ana.call('POST', '/api/import', body, key);
	assert.equal(again.status, 201);
	assert.deepEqual(again.json, first.json);
	assert.equal(again.headers['idempotent-replayed'], 'true');
	const exported = await ana.call('GET', `/api/chats/${first.json.chatId}/export`);
	assert.deepEqual(exported.json.messages.map((m) => m.content), file.messages.map((m) => m.content));
	const page = await ana.call('GET', `/api/chats/${first.json.chatId}/messages?limit=1`);
	assert.match(page.json.messages[0].content, new RegExp(`^mensaje ${n - 1} `));
	const tooLarge = await ana.call('POST', '/api/import', JSON.stringify({ ...file, filler: 'x'.repeat(16 * 1024 * 1024) }), { 'content-type': 'application/json' });
	assert.equal(tooLarge.status, 413);
	assert.equal((await ana.call('POST', '/api/send-message', `{"x":"${'x'.repeat(256 * 1024)}"}`, { 'content-type': 'application/json' })).status, 413, 'other routes take no more than before');
});
