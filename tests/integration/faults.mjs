/** For tests of faults: questions whose answers are known, and what became of them. */
import assert from 'node:assert/strict';

import { postJson, SLOW, waitFor } from './harness.mjs';

let posts = 0;

/** Asks in a chat; the answer streams for about half a second. status 0: the
 * connection broke. */
export async function question(system, chatId, { bytes = 1500, directives = 'chunk=60,delay=20', headers = {} } = {}) {
	const n = ++posts;
	const content = `pregunta ${n} [[bytes=${bytes},seed=${n},${directives}]]`;
	const answer = await postJson(`${system.url}/api/send-message`, { chatId, messages: [{ role: 'user', content }] }, headers).catch(() => null);
	const contentType = answer?.headers.get('content-type') ?? '';
	const body = /json/.test(contentType) ? await answer.json() : {};
	return { ...body, status: answer?.status ?? 0, contentType, retryAfter: answer?.headers.get('retry-after'), chatId, n, bytes, content };
}

export const history = async (system, chatId) => (await fetch(`${system.url}/api/chats/${chatId}/history`)).json();
export const health = async (system) => {
	const answer = await fetch(`${system.url}/api/health`);
	return { status: answer.status, ...(await answer.json().catch(() => ({}))) };
};

/** What was accepted is there, once; its reply is whole, and the stand-in's. */
export async function isAnswered(system, { chatId, messageId, replyId, n, bytes, content }) {
	const messages = await waitFor(async () => {
		const stored = (await history(system, chatId)).messages;
		const reply = stored?.find((m) => m.id === replyId);
		return reply && !['queued', 'streaming'].includes(reply.status) ? stored : null;
	}, `the end of ${chatId}`, 60_000 * SLOW);
	const reply = messages.find((m) => m.id === replyId);
	assert.equal(messages.find((m) => m.id === messageId).content, content);
	assert.equal(messages.filter((m) => m.content === content).length, 1, 'the question is there once');
	assert.equal(messages.filter((m) => m.parentId === messageId).length, 1, 'and one reply to it');
	assert.equal(reply.status, 'complete', `${chatId}: ${JSON.stringify(reply)}`);
	assert.equal(reply.content, await (await fetch(`${system.standin.url}/control/text?bytes=${bytes}&seed=${n}`)).text());
}

/** An answer that says what is wrong, in the form of all errors. */
export function isProblem(answer, status, code) {
	assert.equal(answer.status, status, JSON.stringify(answer));
	assert.match(answer.contentType, /^application\/problem\+json/);
	assert.equal(answer.code, code);
	assert.ok(answer.detail.length > 10);
	assert.match(answer.retryAfter, /^\d+$/);
}
