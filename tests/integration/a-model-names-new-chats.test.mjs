/** AI_TITLE_MODEL: asked once, after the first answer, for chats that no person has named. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ask, startSystem, waitFor } from './harness.mjs';
import { Person, SECRET } from './identities.mjs';
import { OldClient } from './old-client.mjs';

const MODEL = 'gemini-3.5-flash-lite';
let system, ana;
before(async () => {
	system = await startSystem({ env: { AI_TITLE_MODEL: MODEL, JWT_SECRET: SECRET } });
	ana = Person.withJwt(system, { sub: 'ana' });
});
after(() => system?.stop());

const titlesAsked = async () => (await system.standin.requests()).filter((r) => r.model === MODEL);

test('after the first answer the chat has the model\'s title, and readers are told', async () => {
	const client = await new OldClient(system, 't1').subscribe();
	const titles = [];
	client.pusher.channel('chat.t1').bind('chat_updated', (e) => titles.push(e.title));
	try {
		await ask(system, 't1', 'cuéntame de la luna y de las mareas por favor [[echo]]');
		const title = await waitFor(() => titles[0], 'the title');
		const chat = (await new Person(system).call('GET', '/api/chats/t1')).json;
		assert.equal(chat.title, title);
		assert.ok(!title.includes('…'), `${title}: not the first words`);
		const asked = await titlesAsked();
		assert.equal(asked.length, 1);
		assert.match(JSON.stringify(asked[0].systemInstruction), /You name conversations/);
		assert.match(JSON.stringify(asked[0].contents), /mareas/);
		await ask(system, 't1', 'y otra [[echo]]');
		await ask(system, 't1', 'y otra más [[echo]]');
		assert.equal((await titlesAsked()).length, 1, 'once');
	} finally {
		client.close();
	}
});

test('what a person has named stays so', async () => {
	const asked = (await titlesAsked()).length;
	const chatId = await ana.chat('Mi nombre');
	const { json } = await ana.say(chatId, 'hola [[echo]]');
	await waitFor(async () => (await ana.history(chatId)).json.messages.find((m) => m.id === json.replyId)?.status === 'complete', 'the reply');
	await ask(system, 'other', 'espera [[echo]]');
	assert.equal((await ana.call('GET', `/api/chats/${chatId}`)).json.title, 'Mi nombre');
	await waitFor(async () => (await titlesAsked()).length === asked + 1, 'only the other one was asked for');
});

test('a model that fails costs the title, not the chat', async () => {
	await system.standin.queue([{}, { status: 503 }]);
	const reply = await ask(system, 'fails', 'una pregunta cualquiera [[echo]]');
	assert.equal(reply.status, 'complete');
	await waitFor(() => /no title/.test(system.logs.worker), 'it is logged');
	assert.equal((await new Person(system).call('GET', '/api/chats/fails')).json.title, 'una pregunta cualquiera [[echo]]');
});
