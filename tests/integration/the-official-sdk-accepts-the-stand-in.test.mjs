import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { GoogleGenAI } from '@google/genai';

import { startSystem } from './harness.mjs';

const model = 'gemini-3.8-flash';
let system, ai;
before(async () => {
	system = await startSystem();
	ai = new GoogleGenAI({ apiKey: 'AQ.test', apiVersion: 'v1beta', httpOptions: { baseUrl: system.standin.url } });
});
after(() => system?.stop());

async function stream(contents) {
	const pieces = [];
	for await (const chunk of await ai.models.generateContentStream({ model, contents }))
		pieces.push(chunk);
	return pieces;
}
const textOf = (pieces) => pieces.map((piece) => piece.text ?? '').join('');

test('a unary answer, with its usage', async () => {
	const answer = await ai.models.generateContent({ model, contents: 'hola [[echo]]' });
	assert.equal(answer.text.trim(), 'hola');
	assert.equal(answer.candidates[0].finishReason, 'STOP');
	assert.ok(answer.usageMetadata.totalTokenCount > 0);
});

test('a stream, in several pieces, whatever the slices on the wire', async () => {
	const expected = await (await fetch(`${system.standin.url}/control/text?bytes=900&seed=7`)).text();
	for (const slice of [1, 7, 4096]) {
		const pieces = await stream(`q${slice} [[bytes=900,seed=7,chunk=100,slice=${slice}]]`);
		assert.ok(pieces.length > 5);
		assert.equal(textOf(pieces), expected);
		assert.equal(pieces.at(-1).candidates[0].finishReason, 'STOP');
		assert.equal(new Set(pieces.map((piece) => piece.responseId)).size, 1);
	}
});

test('a chat keeps its history', async () => {
	const chat = ai.chats.create({ model });
	await chat.sendMessage({ message: 'uno [[echo]]' });
	const second = await chat.sendMessage({ message: 'dos [[echo]]' });
	assert.equal(second.text.trim(), 'dos');
	assert.deepEqual(chat.getHistory().map(({ role }) => role), ['user', 'model', 'user', 'model']);
});

test('counting tokens and listing models', async () => {
	assert.ok((await ai.models.countTokens({ model, contents: 'hola' })).totalTokens > 0);
	const names = [];
	for await (const entry of await ai.models.list())
		names.push(entry.name);
	assert.ok(names.includes(`models/${model}`));
});

test('a blocked prompt and a cut answer are no exceptions', async () => {
	const blocked = await ai.models.generateContent({ model, contents: 'x [[block=SAFETY]]' });
	assert.equal(blocked.promptFeedback.blockReason, 'SAFETY');
	const cut = await ai.models.generateContent({ model, contents: 'y [[finish=MAX_TOKENS]]' });
	assert.equal(cut.candidates[0].finishReason, 'MAX_TOKENS');
});

test('errors have their status: 429, 503, unknown model, in mid-stream', async () => {
	const status = (code) => (error) => error.status === code;
	await assert.rejects(ai.models.generateContent({ model, contents: 'a [[status=429]]' }), status(429));
	await assert.rejects(ai.models.generateContent({ model, contents: 'b [[status=503]]' }), status(503));
	await assert.rejects(ai.models.generateContent({ model: 'gemini-0', contents: 'c' }), status(404));
	await assert.rejects(stream('d [[bytes=500,chunk=50,error_after=2]]'));
});
