/**
 * /api/metrics and /api/operator: what they say is what happened, they are for operators, and nothing in them is a
 * text, a chat's id or a secret. One grep by request id follows a message through all three programs.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { postJson, startSystem, waitFor } from './harness.mjs';
import { parse } from './prometheus.mjs';

let system;
before(async () => { system = await startSystem(); });
after(() => system?.stop());

const scrape = async () => {
	const answer = await fetch(`${system.url}/api/metrics`);
	assert.equal(answer.status, 200);
	assert.match(answer.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
	return parse(await answer.text());
};
const value = ({ samples }, name, labels = {}) => samples.find((s) => s.name === `charla_${name}` && Object.entries(labels).every(([k, v]) => s.labels[k] === v))?.value ?? 0;
const look = async () => (await fetch(`${system.url}/api/operator`)).json();
const post = (chatId, content, headers) => postJson(`${system.url}/api/send-message`, { chatId, messages: [{ role: 'user', content }] }, headers);
const last = async (chatId) => (await (await fetch(`${system.url}/api/chats/${chatId}/history`)).json()).messages.at(-1);
const ended = (chatId) => waitFor(async () => !['queued', 'streaming'].includes((await last(chatId)).status) && last(chatId), `the reply in ${chatId}`);

test('replies, errors, retries, tokens and times are those that were', async () => {
	const before = await scrape();
	await system.standin.queue([{ bytes: 50 }]);
	assert.equal((await post('m-1', 'a')).status, 202);
	assert.equal((await ended('m-1')).status, 'complete');
	await system.standin.queue([{ status: 503 }, { bytes: 20, first: 300 }]);
	assert.equal((await post('m-2', 'b')).status, 202);
	assert.equal((await ended('m-2')).status, 'complete');
	await system.standin.queue([{ status: 400 }]);
	assert.equal((await post('m-3', 'c')).status, 202);
	assert.equal((await ended('m-3')).status, 'error');
	await system.standin.queue([{ bytes: 5000, delay: 200 }]);
	assert.equal((await post('m-4', 'd')).status, 202);
	await waitFor(async () => (await last('m-4')).content.length > 0, 'some text');
	assert.equal((await postJson(`${system.url}/api/chats/m-4/stop`, {})).status, 200);
	assert.equal((await ended('m-4')).status, 'stopped');

	const now = await scrape();
	const grown = (name, labels) => value(now, name, labels) - value(before, name, labels);
	assert.equal(grown('ai_replies_total', { status: 'complete' }), 2);
	assert.equal(grown('ai_replies_total', { status: 'error' }), 1);
	assert.equal(grown('ai_replies_total', { status: 'stopped' }), 1);
	const errors = now.samples.filter((s) => s.name === 'charla_ai_errors_total');
	assert.equal(errors.reduce((n, s) => n + s.value, 0), 2, JSON.stringify(errors));
	const retries = now.samples.filter((s) => s.name === 'charla_ai_retries_total');
	assert.equal(retries.reduce((n, s) => n + s.value, 0), 1, JSON.stringify(retries));
	assert.equal(grown('ai_first_token_seconds_count'), 3);
	assert.equal(grown('ai_reply_seconds_count'), 4);
	assert.equal(value(now, 'ai_first_token_seconds_bucket', { le: '0.25' }), 2);
	assert.equal(value(now, 'ai_first_token_seconds_bucket', { le: '+Inf' }), 3);
	assert.ok(grown('ai_tokens_total', { kind: 'output' }) > 0);
	assert.equal(grown('messages_total'), 8);
	assert.equal(value(now, 'chats'), 4);
	assert.equal(value(now, 'jobs', { state: 'queued' }) + value(now, 'jobs', { state: 'running' }), 0);
	assert.equal(value(now, 'worker_running'), 1);
	assert.equal(now.families.get('charla_ai_first_token_seconds').type, 'histogram');

	const seen = await look();
	assert.deepEqual(seen.replies, { complete: 2, error: 1, stopped: 1 });
	assert.equal(seen.logged, 4);
	assert.equal(seen.retries, 1);
	assert.deepEqual(seen.jobs, { queued: 0, running: 0, failed: 1 });
	assert.equal(Object.values(seen.errors).reduce((a, b) => a + b), 1);
	assert.deepEqual(seen.slowest.map((r) => r.tookMs), seen.slowest.map((r) => r.tookMs).toSorted((a, b) => b - a));
	assert.equal(seen.slowest.length, 4);
	assert.equal(seen.slowest.find((r) => r.attempts === 2).status, 'complete');
	assert.ok(seen.slowest.find((r) => r.attempts === 2).firstTokenMs >= 300);
	assert.equal(seen.today.requests, seen.days[0].requests);
	assert.equal(seen.today.totalTokens, seen.days[0].totalTokens);
	assert.ok(seen.today.totalTokens > 0 && seen.today.requests === 5, JSON.stringify(seen.today));
	assert.equal(seen.totals.messages, 8);
});

test('refusals are counted by their code, over all processes, and outlive them', async () => {
	const count = async () => value(await scrape(), 'http_refused_total', { code: 'malformed_json' });
	const had = await count();
	for (let i = 0; i < 3; i++)
		assert.equal((await fetch(`${system.url}/api/send-message`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' })).status, 400);
	await waitFor(async () => await count() === had + 3, 'the count');
	const answered = value(await scrape(), 'http_requests_total', { status: '2xx' });
	assert.ok(answered > 0);
	await system.kill('app');
	await system.restart('app');
	assert.ok(value(await scrape(), 'http_refused_total', { code: 'malformed_json' }) >= had + 3);
	assert.equal(value(await scrape(), 'ai_replies_total', { status: 'complete' }), 2);
});

test('no text, chat or secret is told', async () => {
	await system.standin.queue([{ echo: true }]);
	assert.equal((await post('chat-of-nobody-else', 'a text that nobody may read')).status, 202);
	await ended('chat-of-nobody-else');
	for (const path of ['/api/metrics', '/api/operator']) {
		const text = await (await fetch(system.url + path)).text();
		for (const secret of ['nobody may read', 'chat-of-nobody-else', system.env.AI_API_KEY, 'local"'])
			assert.ok(!text.includes(secret), `${path} tells ${secret}`);
	}
});

test('without a password only this machine may ask, and nobody through a proxy or by another name', async () => {
	for (const headers of [{ 'X-Forwarded-For': '192.0.2.1' }, { Forwarded: 'for=192.0.2.1' }, { 'X-Forwarded-Proto': 'https' }])
		for (const path of ['/api/metrics', '/api/operator']) {
			const answer = await fetch(system.url + path, { headers });
			assert.equal(answer.status, 403, JSON.stringify(headers));
			assert.equal((await answer.json()).code, 'operators_only');
		}
});

test('with a password: who has it, and who guesses waits', async () => {
	const password = 'a-password-of-operators-1';
	system.configure({ DASHBOARD_PASSWORD: password });
	await system.restart('app');
	const ask = async (headers) => (await fetch(`${system.url}/api/metrics`, { headers })).status;
	assert.equal(await ask({}), 401);
	assert.equal(await ask({ Authorization: `Bearer ${password}` }), 200);
	assert.equal(await ask({ Authorization: `Basic ${Buffer.from(`prometheus:${password}`).toString('base64')}` }), 200);
	assert.equal(await ask({ Cookie: 'charla_operator=1.x.y' }), 401);
	for (let i = 0; i < 5; i++)
		assert.equal(await ask({ Authorization: `Bearer ${password}${i}` }), 401);
	assert.equal(await ask({ Authorization: `Bearer ${password}x` }), 429);
	assert.equal(await ask({ Authorization: `Bearer ${password}` }), 429, 'even a right one waits');
});

test('one grep by request id follows a message through all programs', async () => {
	const rid = 'follow-me-7';
	await system.standin.queue([{ bytes: 20 }]);
	const answer = await post('followed', 'hi', { 'X-Request-Id': rid });
	assert.equal(answer.headers.get('x-request-id'), rid);
	await ended('followed');
	const lines = () => Object.values(system.logs).join('\n').split('\n').filter((line) => line.includes(`rid=${rid}`));
	const steps = [/fcgi-app message accepted=1/, /reply started .* attempt=1/, /reply ended .* ok=1/,
		/push-server event .* name=stream_start/, /push-server event .* name=App\S+MessageSent/];
	await waitFor(() => steps.every((step) => lines().some((line) => step.test(line))), 'all steps')
		.catch((e) => { throw new Error(`${e.message}\n${lines().join('\n')}`); });
});
