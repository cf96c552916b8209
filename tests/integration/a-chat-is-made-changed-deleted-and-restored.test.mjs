/** POST, GET, PATCH, DELETE /api/chats and restore; who may do it; nothing of a deleted chat is left. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { startSystem, waitFor } from './harness.mjs';
import { Person, SECRET, raw } from './identities.mjs';

let system, ana, bea;
before(async () => {
	system = await startSystem({ env: { JWT_SECRET: SECRET, AI_MODELS: 'gemini-3.6-flash, other-model' } });
	ana = Person.withJwt(system, { sub: 'ana' });
	bea = Person.withJwt(system, { sub: 'bea' });
});
after(() => system?.stop());

const create = (person, body, headers) => person.call('POST', '/api/chats', body, headers);
const finished = (person, chatId, count) => waitFor(async () => {
	const { json } = await person.history(chatId);
	return json.messages?.length === count && json.messages.every((m) => !['queued', 'streaming'].includes(m.status)) ? json : null;
}, `${count} finished messages in ${chatId}`);

test('a chat of one\'s own is private, has our id and is where Location says', async () => {
	const made = await create(ana, { title: 'Viaje', systemPrompt: 'Be a pirate.', model: 'other-model' });
	assert.equal(made.status, 201, made.text);
	const { json } = made;
	assert.match(json.chatId, /^c-[A-Za-z0-9_-]{22}$/);
	assert.equal(made.headers.location, `/api/chats/${json.chatId}`);
	const got = await ana.call('GET', made.headers.location);
	assert.equal(got.status, 200);
	assert.deepEqual(got.json, json);
	assert.deepEqual({ title: json.title, visibility: json.visibility, model: json.model, systemPrompt: json.systemPrompt, access: json.access },
		{ title: 'Viaje', visibility: 'private', model: 'other-model', systemPrompt: 'Be a pirate.', access: 'owner' });
	for (const [method, path] of [['GET', ''], ['PATCH', ''], ['DELETE', ''], ['GET', '/messages'], ['GET', '/history'], ['POST', '/stop'], ['PUT', '/head'], ['POST', '/restore']])
		for (const stranger of [bea, new Person(system)])
			assert.equal((await stranger.call(method, `/api/chats/${json.chatId}${path}`, method === 'GET' ? '' : {})).status, 404, `${method} ${path}`);
});

test('without a body it has no title, and gets one by the first turn', async () => {
	const { json: { chatId, title } } = await create(ana, '');
	assert.equal(title, '');
	assert.equal((await ana.say(chatId, 'una pregunta que tiene más de seis palabras')).status, 202);
	assert.equal((await finished(ana, chatId, 2)).chat.title, 'una pregunta que tiene más de…');
});

test('a stranger makes none, and bad fields are refused', async () => {
	assert.equal((await create(new Person(system), {})).status, 401);
	for (const body of [{ title: 5 }, { title: ' ' }, { title: 'two\nlines' }, { title: '\u0001' }, { title: 'x'.repeat(201) }, { systemPrompt: 'x'.repeat(16385) }, { model: 'gpt-9' }, { visibility: 'public' }, []])
		assert.equal((await create(ana, body)).status, 422, JSON.stringify(body).slice(0, 40));
	assert.equal((await create(ana, '{', { 'content-type': 'application/json' })).status, 400);
	assert.equal((await create(ana, 'a=b', { 'content-type': 'text/plain' })).status, 415);
});

test('the same Idempotency-Key makes one chat, and belongs to one body', async () => {
	const key = { 'idempotency-key': 'make-one' };
	const first = await create(ana, { title: 'one' }, key);
	const again = await create(ana, { title: 'one' }, key);
	assert.equal(again.status, 201);
	assert.deepEqual(again.json, first.json);
	assert.equal(again.headers['idempotent-replayed'], 'true');
	assert.equal((await create(ana, { title: 'two' }, key)).status, 422);
	assert.notEqual((await create(bea, { title: 'one' }, key)).json.chatId, first.json.chatId);
	assert.equal((await create(ana, { title: 'one' }, { 'idempotency-key': 'x'.repeat(129) })).status, 400);
});

test('PATCH changes what it names; persona and model reach the provider', async () => {
	const { json: { chatId } } = await create(ana, {});
	const path = `/api/chats/${chatId}`;
	const changed = await ana.call('PATCH', path, { title: 'Mía', systemPrompt: 'Speak like a parrot.', model: 'gemini-3.6-flash' });
	assert.equal(changed.status, 200, changed.text);
	assert.equal(changed.json.title, 'Mía');
	assert.equal((await ana.say(chatId, 'hola')).status, 202);
	const history = await finished(ana, chatId, 2);
	assert.equal(history.chat.title, 'Mía', 'the first turn leaves a person\'s title alone');
	const asked = (await system.standin.requests()).at(-1);
	assert.equal(asked.model, 'gemini-3.6-flash');
	assert.match(JSON.stringify(asked.systemInstruction), /Speak like a parrot/);
	const cleared = await ana.call('PATCH', path, { systemPrompt: null, model: null });
	assert.equal(cleared.json.systemPrompt, null);
	assert.equal(cleared.json.model, null);
	assert.equal(cleared.json.title, 'Mía');
	for (const body of [{}, { color: 'red' }, { title: '' }, { title: null }, { model: 'gpt-9' }])
		assert.equal((await ana.call('PATCH', path, body)).status, 422, JSON.stringify(body));
	const later = await ana.call('GET', `${path}/history?after=${history.seq}`);
	assert.equal(later.json.chat.model, null, 'the chat has changed since');
	assert.deepEqual(later.json.messages, []);
});

test('only the owner decides who sees it', async () => {
	const { json: { chatId } } = await create(ana, {});
	await ana.invite(chatId, bea);
	const path = `/api/chats/${chatId}`;
	assert.equal((await bea.call('GET', path)).json.access, 'member');
	assert.equal((await bea.call('PATCH', path, { visibility: 'open' })).status, 403);
	assert.equal((await bea.call('DELETE', path)).status, 403);
	assert.equal((await ana.call('PATCH', path, { visibility: 'open' })).json.visibility, 'open');
	assert.equal((await raw(system, 'GET', path)).json.access, 'guest');
	assert.equal((await raw(system, 'PATCH', path, { body: { title: 'x' } })).status, 403);
	assert.equal((await ana.call('PATCH', path, { visibility: 'private' })).status, 200);
	assert.equal((await raw(system, 'GET', path)).status, 404);
});

test('an open chat of nobody is everybody\'s, but stays open', async () => {
	const nobody = new Person(system);
	assert.equal((await nobody.say('open-1', 'hola')).status, 202);
	await finished(nobody, 'open-1', 2);
	assert.equal((await nobody.call('PATCH', '/api/chats/open-1', { title: 'otra' })).json.title, 'otra');
	assert.equal((await nobody.call('PATCH', '/api/chats/open-1', { visibility: 'private' })).status, 403);
	assert.equal((await ana.call('PATCH', '/api/chats/open-1', { visibility: 'private' })).status, 403);
});

test('the list comes page by page, newest first, each chat once; what is no number or cursor is refused', async () => {
	const eva = Person.withJwt(system, { sub: 'eva' });
	const made = [];
	for (let i = 0; i < 5; i++)
		made.unshift((await create(eva, { title: `chat ${i}` })).json.chatId);
	const seen = [];
	for (let path = '/api/chats?limit=2'; path !== null;) {
		const { status, json } = await eva.call('GET', path);
		assert.equal(status, 200);
		assert.ok(json.chats.length <= 2);
		seen.push(...json.chats.map((c) => c.chatId));
		path = json.nextCursor === null ? null : `/api/chats?limit=2&cursor=${json.nextCursor}`;
	}
	assert.deepEqual(seen.filter((id) => id.startsWith('c-')), made); // at home open chats are listed, too
	for (const query of ['limit=x', 'limit=-1', 'limit=', 'cursor=x', 'cursor=%', `cursor=1.${'0'.repeat(60)}`])
		assert.equal((await eva.call('GET', `/api/chats?${query}`)).status, 400, query);
});

test('ETag: who has it already is not sent it again', async () => {
	const { json: { chatId } } = await create(ana, {});
	for (const path of [`/api/chats/${chatId}`, `/api/chats/${chatId}/history`, `/api/chats/${chatId}/messages`, '/api/chats', '/api/config']) {
		const first = await ana.call('GET', path);
		const { etag } = first.headers;
		assert.match(etag, /^"[0-9a-f]{20}"$/, path);
		for (const known of [etag, `W/${etag}`, `"x", ${etag}`, etag.replace(/"$/, '-gzip"'), '*']) {
			const again = await ana.call('GET', path, '', { 'if-none-match': known });
			assert.equal(again.status, 304, `${path} ${known}`);
			assert.equal(again.text, '');
			assert.equal(again.headers.etag, etag);
		}
		for (const known of ['"other"', etag.replace(/"$/, 'a"'), etag.slice(1, -1), ''])
			assert.equal((await ana.call('GET', path, '', { 'if-none-match': known })).status, 200, known);
	}
	const { etag } = (await ana.call('GET', `/api/chats/${chatId}`)).headers;
	await ana.call('PATCH', `/api/chats/${chatId}`, { title: 'new' });
	assert.equal((await ana.call('GET', `/api/chats/${chatId}`, '', { 'if-none-match': etag })).status, 200);
});

test('a deleted chat is not there at once, and comes back as it was', async () => {
	const { json: { chatId } } = await create(ana, {});
	await ana.say(chatId, 'hola');
	const whole = await finished(ana, chatId, 2);
	const gone = await ana.call('DELETE', `/api/chats/${chatId}`);
	assert.equal(gone.status, 200, gone.text);
	const left = Date.parse(gone.json.restoreUntil) - Date.now();
	assert.ok(left > 5_000 && left <= 10_000, `${left} ms`);
	for (const [method, path] of [['GET', ''], ['GET', '/history'], ['GET', '/messages'], ['DELETE', ''], ['PATCH', '']])
		assert.equal((await ana.call(method, `/api/chats/${chatId}${path}`, method === 'PATCH' ? { title: 'x' } : '')).status, 404);
	assert.equal((await ana.say(chatId, 'still there?')).status, 404);
	assert.equal((await bea.call('POST', `/api/chats/${chatId}/restore`)).status, 404);
	const back = await ana.call('POST', `/api/chats/${chatId}/restore`);
	assert.equal(back.status, 200, back.text);
	assert.deepEqual((await ana.history(chatId)).json.messages, whole.messages);
	assert.equal((await ana.call('POST', `/api/chats/${chatId}/restore`)).status, 404);
});

test('after ten seconds nothing of it is left in the files', { timeout: 60_000 }, async () => {
	const secret = 'zanahoriasecreta';
	const { json: { chatId } } = await create(ana, { systemPrompt: `persona ${secret}` });
	await ana.say(chatId, `${secret} [[echo]]`);
	await finished(ana, chatId, 2);
	await ana.call('DELETE', `/api/chats/${chatId}`);
	const files = () => readdirSync(join(system.dir, 'var')).filter((name) => name.startsWith('charla.db'));
	const holds = () => files().some((name) => readFileSync(join(system.dir, 'var', name)).includes(secret));
	assert.ok(holds(), 'it is there for now');
	await waitFor(() => !holds(), 'the text is gone from the database and its log', 40_000);
	assert.equal((await ana.call('POST', `/api/chats/${chatId}/restore`)).status, 404);
});
