import assert from 'node:assert/strict';
import { test } from 'node:test';

import { postJson, startSystem, waitFor } from './harness.mjs';
import { OldClient } from './old-client.mjs';

const health = async (system) => (await fetch(`${system.url}/api/health`)).json();
const post = (system, chatId, content) =>
	postJson(`${system.url}/api/send-message`, { chatId, messages: [{ role: 'user', content }] });

test('a user whom the push server does not take: health and log say so and name the setting', async () => {
	const system = await startSystem({ env: { PUSH_SOCKET_USERS: 'nobody' } });
	try {
		assert.equal((await post(system, 'refused', 'hola')).status, 202);
		const reason = await waitFor(async () =>
			(await health(system)).reasons.find((r) => r.code === 'push_refused'), 'the reason in health');
		assert.equal(reason.setting, 'PUSH_SOCKET_USERS');
		assert.match(system.logs.worker, /setting=PUSH_SOCKET_USERS/);
		assert.match(system.logs.push, /setting=PUSH_SOCKET_USERS/);
		const ready = await (await fetch(`${system.pushUrl}/ready`)).json();
		assert.equal(ready.setting, 'PUSH_SOCKET_USERS');
		assert.ok(ready.refused[0].count > 0);
	} finally {
		await system.stop();
	}
});

test('a reply ends and is stored while the push server is away, and the next is pushed when it is back', async () => {
	const system = await startSystem();
	try {
		await system.kill('push');
		const answer = await (await post(system, 'away', 'hola [[bytes=3000]]')).json();
		await waitFor(async () => (await health(system)).reasons.some((r) => r.code === 'push_away'), 'push_away');
		const reply = await waitFor(async () => {
			const { messages } = await (await fetch(`${system.url}/api/chats/away/history`)).json();
			return messages.find((m) => m.id === answer.replyId && m.status === 'complete');
		}, 'the stored reply');
		await system.restart('push');
		const client = await new OldClient(system, 'away').subscribe();
		try {
			await client.send([{ role: 'user', content: 'y ahora' }]);
		} finally {
			client.close();
		}
		assert.equal(Buffer.byteLength(reply.content), 3000);
		await waitFor(async () => (await health(system)).push === 'ok', 'push ok');
	} finally {
		await system.stop();
	}
});
