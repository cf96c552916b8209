// tests/deps.sh against a package manager that is ours: it says what it installs before it does, asks
// nothing when nothing is missing, obeys NO_INSTALL, and keeps web servers from starting only as long as
// the installation lasts, also when that is interrupted.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, test } from 'node:test';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, waitFor } from './harness.mjs';

let dir, policy;
const stub = (name, text) => {
	writeFileSync(join(dir, name), `#!/bin/sh\n${text}\n`);
	chmodSync(join(dir, name), 0o755);
};

beforeEach(() => {
	dir = mkdtempSync(join(tmpdir(), 'charla-'));
	policy = join(dir, 'policy-rc.d');
	stub('sudo', 'exec "$@"');
	stub('dpkg-query', 'exit 1'); // nothing is installed
	stub('apt-get', `echo "$@" >> ${dir}/calls; [ ! -e ${policy} ] || cp ${policy} ${dir}/policy-seen`);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function start(env = {}) {
	const child = spawn(join(ROOT, 'tests/deps.sh'), ['run'], { detached: true, stdio: ['ignore', 'pipe', 'pipe'],
		env: { PATH: `${dir}:${process.env.PATH}`, CHARLA_POLICY_RC_D: policy, ...env } });
	const run = { child, said: '' };
	for (const stream of [child.stdout, child.stderr])
		stream.setEncoding('utf8').on('data', (chunk) => { run.said += chunk; });
	run.ended = once(child, 'close').then(([code]) => { run.code = code; });
	return run;
}
const calls = () => existsSync(join(dir, 'calls')) ? readFileSync(join(dir, 'calls'), 'utf8') : '';

test('it says what is missing, then installs it without recommended packages', async () => {
	const run = start();
	await run.ended;
	assert.equal(run.code, 0, run.said);
	assert.match(run.said, /installing them now: apt-get install --no-install-recommends .*libwebsockets-dev.*NO_INSTALL=1/);
	assert.match(calls(), /^-q update\n-q -y .*install --no-install-recommends .*lighttpd/);
	assert.match(readFileSync(join(dir, 'policy-seen'), 'utf8'), /exit 101/);
	assert.equal(existsSync(policy), false);
});

test('nothing missing: silence, and no package manager', async () => {
	stub('dpkg-query', 'shift 3; for p in "$@"; do echo "installed $p"; done');
	const run = start();
	await run.ended;
	assert.deepEqual([run.code, run.said, calls()], [0, '', '']);
});

test('NO_INSTALL=1 names what is missing, and fails', async () => {
	const run = start({ NO_INSTALL: '1' });
	await run.ended;
	assert.equal(run.code, 1);
	assert.match(run.said, /missing, and NO_INSTALL is set: .*libfcgi-dev/);
	assert.equal(calls(), '');
});

for (const signal of ['SIGINT', 'SIGTERM'])
	test(`${signal} in the middle takes the policy away again`, async () => {
		stub('apt-get', `echo "$@" >> ${dir}/calls; exec sleep 60`);
		const run = start();
		await waitFor(() => calls() !== '', 'the installation runs');
		assert.equal(existsSync(policy), true);
		process.kill(-run.child.pid, signal);
		await run.ended;
		assert.notEqual(run.code, 0);
		assert.equal(existsSync(policy), false);
	});

test("the administrator's own policy stays as it is", async () => {
	writeFileSync(policy, '#!/bin/sh\nexit 0\n');
	const run = start();
	await run.ended;
	assert.equal(run.code, 0, run.said);
	assert.equal(readFileSync(policy, 'utf8'), '#!/bin/sh\nexit 0\n');
});

test('an installation that fails, fails here', async () => {
	stub('apt-get', 'exit 100');
	const run = start();
	await run.ended;
	assert.equal(run.code, 100);
	assert.equal(existsSync(policy), false);
});
