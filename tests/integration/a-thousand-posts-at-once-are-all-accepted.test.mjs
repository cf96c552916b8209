// More posts at the same moment than threads, and than the places of a usual listen queue: each of them is answered with 202.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { BIN, SLOW, startSystem } from './harness.mjs';

const CLIENTS = 1000;

for (const server of ['lighttpd', 'lighttpd-spawn'])
	test(`${CLIENTS} at once through ${server}`, { timeout: 120_000 * SLOW }, async (t) => {
		const system = await startSystem({ server, env: { LOG_LEVEL: '1' } });
		t.after(() => system.stop());
		const load = promisify(execFile)(join(BIN, '../bench/post_load'), [new URL(system.url).port, 'hola [[bytes=20]]']);
		load.child.stdin.end(`${CLIENTS} ${CLIENTS}\n`);
		assert.match((await load).stdout, /^\{"seconds":/); // anything but 202 ends it
	});
