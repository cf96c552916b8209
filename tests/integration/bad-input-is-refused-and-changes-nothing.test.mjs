import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startSystem } from './harness.mjs';

let system;
before(async () => { system = await startSystem(); });
after(() => system?.stop());

const user = (content) => [{ role: 'user', content }];
const ok = { messages: user('hola'), chatId: 'bad' };
const deep = `${'['.repeat(17)}${']'.repeat(17)}`;
const cases = [
	['no body', '', 400],
	['not JSON', '{', 400],
	['JSON and more', '{} {}', 400],
	['a NUL in a string', '{"chatId":"bad","messages":[{"role":"user","content":"a\\u0000b"}]}', 400],
	['a key twice', '{"chatId":"bad","chatId":"bad","messages":[]}', 400],
	['bad UTF-8', Buffer.from([...Buffer.from('{"chatId":"bad","messages":[{"role":"user","content":"'), 0xff, ...Buffer.from('"}]}')]), 400],
	['17 levels', `{"chatId":"bad","messages":${deep}}`, 400],
	['a list instead of an object', '[]', 422],
	['no chatId', { messages: user('x') }, 422],
	['chatId null', { ...ok, chatId: null }, 422],
	['chatId true', { ...ok, chatId: true }, 422],
	['chatId 1.5', { ...ok, chatId: 1.5 }, 422],
	['chatId above 2^53', '{"chatId":9007199254740993,"messages":[{"role":"user","content":"x"}]}', 422],
	['chatId empty', { ...ok, chatId: '' }, 422],
	['chatId ..', { ...ok, chatId: '..' }, 422],
	['chatId with a slash', { ...ok, chatId: 'a/b' }, 422],
	['chatId of 129 characters', { ...ok, chatId: 'x'.repeat(129) }, 422],
	['no messages', { chatId: 'bad' }, 422],
	['messages no list', { ...ok, messages: 'x' }, 422],
	['messages empty', { ...ok, messages: [] }, 422],
	['201 messages', { ...ok, messages: Array(201).fill({ role: 'user', content: 'x' }) }, 422],
	['a message that is no object', { ...ok, messages: ['x'] }, 422],
	['no role', { ...ok, messages: [{ content: 'x' }] }, 422],
	['a foreign role', { ...ok, messages: [{ role: 'tool', content: 'x' }] }, 422],
	['no content', { ...ok, messages: [{ role: 'user' }] }, 422],
	['content a number', { ...ok, messages: [{ role: 'user', content: 1 }] }, 422],
	['content blank', { ...ok, messages: user(' \n\u00a0') }, 422],
	['content of 32 KiB and one', { ...ok, messages: user('x'.repeat(32 * 1024 + 1)) }, 422],
	['the last turn not the user\'s', { ...ok, messages: [...user('x'), { role: 'assistant', content: 'y' }] }, 422],
	['only a system turn', { ...ok, messages: [{ role: 'system', content: 'x' }] }, 422],
	['a body of 256 KiB and one', { ...ok, filler: 'x'.repeat(256 * 1024) }, 413],
];

const post = (body, type = 'application/json') => fetch(`${system.url}/api/send-message`, {
	method: 'POST', headers: { 'content-type': type },
	body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
});

for (const [what, body, status] of cases)
	test(`${what}: ${status}`, async () => {
		const answer = await post(body);
		const problem = await answer.json();
		assert.equal(answer.status, status, JSON.stringify(problem));
		assert.equal(answer.headers.get('content-type'), 'application/problem+json');
		assert.equal(problem.status, status);
		assert.ok(problem.code && problem.detail && problem.title);
		assert.equal(answer.headers.get('x-request-id'), problem.instance);
		if (status === 422)
			assert.ok(Object.keys(problem.errors).length === 1 && problem.message);
		assert.equal((await fetch(`${system.url}/api/chats/bad/history`)).status, 404);
	});

test('a form is 415, a wrong method 405 with Allow, an unknown address 404', async () => {
	assert.equal((await post('a=b', 'application/x-www-form-urlencoded')).status, 415);
	const wrong = await fetch(`${system.url}/api/send-message`);
	assert.equal(wrong.status, 405);
	assert.equal(wrong.headers.get('allow'), 'POST');
	assert.equal((await fetch(`${system.url}/api/nothing`)).status, 404);
});

test('an old page on another origin may ask and post', async () => {
	const answer = await fetch(`${system.url}/api/send-message`, {
		method: 'OPTIONS',
		headers: { origin: 'https://old.example', 'access-control-request-method': 'POST' },
	});
	assert.equal(answer.status, 204);
	assert.equal(answer.headers.get('access-control-allow-origin'), '*');
	assert.match(answer.headers.get('access-control-allow-headers'), /X-Socket-ID/i);
});
