import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startSystem } from './harness.mjs';
import { OldClient } from './old-client.mjs';

const MESSAGE_SENT = 'App\\Events\\MessageSent';
let system;
before(async () => { system = await startSystem(); });
after(() => system?.stop());

for (const bytes of [20, 5_000, 11_000, 60_000])
	test(`a reply of ${bytes} bytes arrives once, complete, and as it is stored`, async () => {
		const client = await new OldClient(system, `size-${bytes}`).subscribe();
		try {
			const event = await client.send([{ role: 'user', content: `[[bytes=${bytes},chunk=997]] "comillas" \\ 😀` }]);
			const { messages } = await client.history();
			assert.equal(event.chatId, `size-${bytes}`);
			assert.equal(event.message.role, 'assistant');
			assert.equal(event.message.status, 'complete');
			assert.equal(Buffer.byteLength(event.message.content), bytes);
			assert.equal(event.message.content, messages.at(-1).content);
			assert.equal(client.names.filter((name) => name === MESSAGE_SENT).length, 1);
			assert.equal(client.names.at(-1), MESSAGE_SENT);
			assert.equal(event.truncated, undefined);
		} finally {
			client.close();
		}
	});

test('a reply that fails in the end is one MessageSent with status error and a sentence', async () => {
	const client = await new OldClient(system, 'fails').subscribe();
	try {
		const event = await client.send([{ role: 'user', content: 'nunca [[status=400]]' }]);
		const { messages } = await client.history();
		assert.equal(event.message.status, 'error');
		assert.ok(event.message.content.length > 10);
		assert.equal(event.message.content, messages.at(-1).content);
		assert.equal(client.sent.length, 1);
	} finally {
		client.close();
	}
});

test('chatId keeps its JSON type', async () => {
	const client = await new OldClient(system, 42).subscribe();
	try {
		assert.equal((await client.send([{ role: 'user', content: 'hola' }])).chatId, 42);
		assert.equal((await client.history()).chatId, 42);
	} finally {
		client.close();
	}
});
