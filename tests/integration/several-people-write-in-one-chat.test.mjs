/** Names in events, history and prompt; prompts queue in order, their places are pushed; the sixth is refused. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startSystem, waitFor } from './harness.mjs';
import { Person, SECRET } from './identities.mjs';
import { OldClient } from './old-client.mjs';

let system, ana, bea, nobody;
before(async () => {
	system = await startSystem({ env: { JWT_SECRET: SECRET } });
	ana = Person.withJwt(system, { sub: 'ana', name: 'Ana' });
	bea = Person.withJwt(system, { sub: 'bea', name: 'Bea' });
	nobody = new Person(system);
});
after(() => system?.stop());

const finished = (chatId, count) => waitFor(async () => {
	const { messages } = (await nobody.history(chatId)).json;
	return messages?.length === count && messages.every((m) => !['queued', 'streaming'].includes(m.status)) && messages;
}, `${count} finished messages in ${chatId}`);
const lastPrompt = async () => (await system.standin.requests()).at(-1);
const textsOf = (prompt) => prompt.contents.flatMap((c) => c.parts.map((p) => p.text)).join('\n');

test('one person alone is not named to the model', async () => {
	await ana.say('alone', 'hola [[echo]]');
	await finished('alone', 2);
	await ana.say('alone', 'otra [[echo]]');
	await finished('alone', 4);
	const prompt = await lastPrompt();
	assert.doesNotMatch(JSON.stringify(prompt), /Ana/);
	assert.equal(prompt.systemInstruction, undefined);
});

test('of several each turn says whose it is, and the model is told', async () => {
	const client = await new OldClient(system, 'room').subscribe();
	const created = [];
	client.pusher.channel('chat.room').bind('message_created', (e) => created.push(e));
	try {
		await ana.say('room', 'me gusta el té [[echo]]');
		await finished('room', 2);
		await bea.say('room', 'a mí no [[echo]]');
		await finished('room', 4);
		await nobody.say('room', '¿y a mí? [[echo]]');
		const messages = await finished('room', 6);
		assert.deepEqual(messages.filter((m) => m.role === 'user').map((m) => m.author?.name), ['Ana', 'Bea', undefined]);
		await waitFor(() => created.length === 3, 'message_created');
		assert.deepEqual(created.map((e) => e.message.author?.name), ['Ana', 'Bea', undefined]);
		const ids = await Promise.all([ana, bea].map(async (p) => (await p.call('GET', '/api/me')).json.id));
		for (const turns of [messages.filter((m) => m.role === 'user'), created.map((e) => e.message)])
			assert.deepEqual(turns.map((m) => m.author?.id), [...ids, undefined], 'the id that /api/me and presence give');
		const prompt = await lastPrompt();
		assert.match(textsOf(prompt), /^Ana: me gusta el té/m);
		assert.match(textsOf(prompt), /^Bea: a mí no/m);
		assert.match(textsOf(prompt), /^Guest: ¿y a mí\?/m);
		assert.match(JSON.stringify(prompt.systemInstruction), /Several people write/);
	} finally {
		client.close();
	}
});

test('prompts wait in order, their places are pushed, and the sixth is refused', async () => {
	const client = await new OldClient(system, 'queue').subscribe();
	const places = [];
	client.pusher.channel('chat.queue').bind('job_queued', (e) => places.push([e.message_id, e.position]));
	try {
		const replies = [];
		for (let i = 0; i < 5; i++) {
			const answer = await (i % 2 ? bea : ana).say('queue', `turno ${i} [[bytes=300,delay=40]]`);
			assert.equal(answer.status, 202, answer.text);
			replies.push(answer.json.replyId);
		}
		const refused = await nobody.say('queue', 'uno más');
		assert.equal(refused.status, 409);
		assert.equal(refused.json.code, 'queue_full');
		assert.ok(Number(refused.headers['retry-after']) > 0);
		const messages = await finished('queue', 10);
		const ends = messages.filter((m) => m.role === 'assistant');
		assert.deepEqual(ends.map((m) => m.id), replies, 'in the order in which they were asked');
		for (const [i, id] of replies.entries()) {
			const seen = places.filter(([m]) => m === id).map(([, place]) => place);
			assert.equal(seen[0], i, `the first place of ${i}`);
			assert.deepEqual(seen, [...seen].sort((x, y) => y - x), 'only forwards');
			assert.equal(seen.at(-1), Math.min(i, 1));
		}
		assert.equal((await nobody.say('queue', 'ahora sí [[echo]]')).status, 202);
	} finally {
		client.close();
	}
});

test('a regenerated answer knows who asked', async () => {
	const room = (await nobody.history('room')).json.messages;
	const { json } = await bea.call('POST', `/api/chats/room/messages/${room.at(-1).id}/regenerate`);
	await waitFor(async () => (await nobody.history('room')).json.messages.find((m) => m.id === json.replyId)?.status === 'complete', 'the reply');
	assert.match(textsOf(await lastPrompt()), /^Bea: a mí no/m);
	assert.ok((await bea.call('GET', '/api/usage')).json.today.requests >= 2, 'and who asks pays');
});
