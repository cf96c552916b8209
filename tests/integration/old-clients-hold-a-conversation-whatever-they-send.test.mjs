import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startSystem } from './harness.mjs';
import { OldClient } from './old-client.mjs';

const ROUNDS = 10;
let system;
before(async () => { system = await startSystem(); });
after(() => system?.stop());

const kinds = {
	'the whole list': (list) => list,
	'a window of the last four': (list) => list.slice(-4),
	'only the new turn': (list) => list.slice(-1),
};

for (const [kind, part] of Object.entries(kinds))
	test(`${kind}: ten rounds, no turn lost or doubled`, async () => {
		const client = await new OldClient(system, kind.replaceAll(' ', '-')).subscribe();
		const list = [];
		try {
			for (let i = 1; i <= ROUNDS; i++) {
				list.push({ role: 'user', content: `turno ${i} [[echo]]` });
				const { message } = await client.send(part(list));
				list.push({ role: 'assistant', content: message.content });
			}
			const { messages } = await client.history();
			assert.deepEqual(messages.map(({ role, content }) => ({ role, content })), list);
			for (const [i, message] of messages.entries())
				assert.equal(message.parentId, i > 0 ? messages[i - 1].id : null);
		} finally {
			client.close();
		}
		const asked = (await system.standin.requests()).at(-1);
		assert.equal(asked.contents?.length ?? asked.body.contents.length, 2 * ROUNDS - 1);
	});
