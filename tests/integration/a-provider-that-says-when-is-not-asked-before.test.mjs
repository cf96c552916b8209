/** 429 with RetryInfo: the next try comes no earlier than asked, and the waiting is told to readers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startSystem, waitFor } from './harness.mjs';
import { Person } from './identities.mjs';
import { OldClient } from './old-client.mjs';

test('the second try waits as long as the provider said', { timeout: 60_000 }, async () => {
	const system = await startSystem();
	const nobody = new Person(system);
	const client = await new OldClient(system, 'quota').subscribe();
	const errors = [];
	client.pusher.channel('chat.quota').bind('error', (e) => errors.push(e));
	try {
		for (const [said, ms] of [['1.3s', 1300], ['0.4s', 400]]) {
			await system.standin.forget();
			await system.standin.queue([{ status: 429, retry_delay: said }]);
			const { json } = await nobody.say('quota', `espera ${said} [[echo]]`);
			await waitFor(async () => (await nobody.history('quota')).json.messages.find((m) => m.id === json.replyId)?.status === 'complete', 'the reply');
			const times = (await system.standin.requests()).map((r) => r.time_ms);
			assert.equal(times.length, 2, 'two tries');
			assert.ok(times[1] - times[0] >= ms, `${times[1] - times[0]} ms after ${said}`);
			assert.ok(times[1] - times[0] < 3 * ms + 2000, 'nor for ever');
			const told = errors.at(-1);
			assert.equal(told.error_type, 'rate_limited');
			assert.equal(told.recoverable, true);
			assert.ok(told.retry_in_ms >= ms);
		}
		await waitFor(() => client.sent.length === 2, 'one MessageSent for each');
	} finally {
		client.close();
		await system.stop();
	}
});
