/** Statistics: a row an interval and app, summed by hour and day; kill -9 loses at most one interval; clean forgets. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';

import { BIN, waitFor } from './harness.mjs';
import { Client, api, startPush } from './push.mjs';

const DAY = 86400;
const quiet = { id: 'quiet', key: 'key-q', secret: 'secret-q', enable_statistics: false };
let push;
before(async () => { push = await startPush({ env: { PUSH_STATISTICS_INTERVAL: 1 }, apps: [quiet] }); });
after(() => push?.stop());

function rows(where = '1') {
	const db = new DatabaseSync(join(push.dir, 'push.db'), { readOnly: true });
	try {
		return db.prepare(`SELECT * FROM statistics WHERE ${where} ORDER BY span, at_s`).all();
	} finally {
		db.close();
	}
}
const sum = (list, column) => list.reduce((n, r) => n + r[column], 0);
const publish = (channel) => api(push, 'POST', '/apps/local/events', { body: { name: 'e', channel, data: 'x' } });

test('what clients did is in the file one interval later, and still after kill -9', async () => {
	const clients = await Promise.all([0, 1, 2].map(() => new Client(push).open()));
	const other = await new Client(push, { key: 'key-q' }).open();
	for (const c of clients)
		await c.subscribe('c');
	for (let i = 0; i < 5; i++)
		await publish('c');
	await waitFor(() => clients.every((c) => c.named('e').length === 5), 'the events');
	const got = clients.reduce((n, c) => n + c.frames.length, 0);
	await waitFor(() => sum(rows('span = 0'), 'sent') === got, 'the row of the interval');
	process.kill(push.pid, 'SIGKILL');
	await waitFor(() => push.program.ended, 'the end');
	for (const span of [0, 1, 2]) {
		const list = rows(`span = ${span}`);
		assert.equal(sum(list, 'websocket'), 3, `span ${span}`);
		assert.equal(sum(list, 'api'), 5);
		assert.equal(sum(list, 'sent'), got);
		assert.equal(Math.max(...list.map((r) => r.peak)), 3);
		assert.ok(list.every((r) => r.app === 'local' && r.at_s % [1, 3600, DAY][span] === 0));
	}
	other.close();
	await push.start();
	await publish('nobody');
	await waitFor(() => sum(rows('span = 2'), 'api') === 6, 'the next process adds to the same day');
});

test('an orderly end loses nothing at all', async () => {
	await publish('nobody');
	await push.program.stop();
	assert.equal(sum(rows('span = 1'), 'api'), 7);
	await push.start();
});

test('clean deletes what is older than the setting, or than --days, of one app or of all', async () => {
	const clean = (...args) => execFileSync(join(BIN, 'push-server'), ['clean', ...args], { env: { ...process.env, ENV_FILE: push.envFile }, encoding: 'utf8' });
	const now = Math.floor(Date.now() / 1000);
	const db = new DatabaseSync(join(push.dir, 'push.db'));
	for (const [app, days] of [['local', 400], ['local', 61], ['old', 400], ['old', 59]])
		db.prepare('INSERT INTO statistics VALUES(?, 2, ?, 1, 1, 1, 1, 1, 1, 0)').run(app, now - now % DAY - days * DAY);
	db.close();
	assert.equal(clean('--days=100', 'local'), 'Deleted 1 rows of statistics.\n');
	assert.equal(clean(), 'Deleted 2 rows of statistics.\n');
	assert.equal(rows("app = 'old'").length, 1);
	assert.throws(() => clean('a', 'b'));
	assert.throws(() => clean('--days=x'));
});
