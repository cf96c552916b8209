// make install into DESTDIR: every file under its name of Debian, with PREFIX in the paths; the programs
// start from there with the installed settings; uninstall leaves the settings and nothing else.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listens, Program, ROOT } from './harness.mjs';

const FILES = [
	'usr/lib/charla/fcgi-app', 'usr/lib/charla/push-server', 'usr/share/charla/www/index.html', 'usr/share/charla/www/js/main.js',
	'usr/share/charla/www/vendor/pusher.min.js', 'usr/lib/systemd/system/charla-api.service', 'usr/lib/systemd/system/charla-api.socket',
	'usr/lib/systemd/system/charla-worker.service', 'usr/lib/systemd/system/charla-push.service', 'usr/lib/tmpfiles.d/charla.conf',
	'usr/lib/sysusers.d/charla.conf', 'usr/share/charla/conf/lighttpd.conf', 'usr/share/charla/conf/lighttpd-spawn.conf',
	'usr/share/charla/conf/lighttpd-common.conf', 'usr/share/charla/conf/apache-proxy-fcgi.conf', 'usr/share/charla/conf/apache-fcgid.conf',
	'usr/share/charla/conf/apache-common.conf', 'usr/share/charla/conf/supervisor/websockets.conf',
	'usr/share/charla/conf/supervisor/charla.conf', 'usr/share/charla/conf/apps.json', 'etc/charla/charla.env', 'usr/share/man/man7/charla.7',
	'usr/share/man/man8/fcgi-app.8', 'usr/share/man/man8/push-server.8',
];

const make = (...args) => execFileSync('make', ['--no-print-directory', '-s', ...args], { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'],
	env: { PATH: process.env.PATH, HOME: process.env.HOME ?? '/' } });
let dir;
before(() => {
	dir = mkdtempSync(join(tmpdir(), 'charla-'));
	make('install', `DESTDIR=${dir}`, 'PREFIX=/usr');
});
after(() => rmSync(dir, { recursive: true, force: true }));

test('every file is in its place, and only the owner and the group read the settings', () => {
	for (const name of FILES)
		assert.ok(existsSync(join(dir, name)), name);
	assert.equal(statSync(join(dir, 'etc/charla/charla.env')).mode & 0o777, 0o640);
	assert.equal(existsSync(join(dir, 'usr/share/charla/www/vendor.mjs')), false, 'a tool of the build');
});

test('another PREFIX is in the units and confs, too', () => {
	const other = mkdtempSync(join(tmpdir(), 'charla-'));
	try {
		make('install', `DESTDIR=${other}`, 'PREFIX=/opt/charla');
		for (const name of ['lib/systemd/system/charla-push.service', 'share/charla/conf/supervisor/websockets.conf']) {
			const text = readFileSync(join(other, 'opt/charla', name), 'utf8');
			assert.match(text, /\/opt\/charla\/lib\/charla\/push-server serve/, name);
			assert.doesNotMatch(text, /\/usr\/lib\/charla/, name);
		}
	} finally {
		rmSync(other, { recursive: true, force: true });
	}
});

test('the installed programs run with the installed settings', async () => {
	const env = { PATH: process.env.PATH, ENV_FILE: join(dir, 'etc/charla/charla.env'), VAR_DIR: join(dir, 'var'), PUSH_SOCKET: join(dir, 'var/push.sock'),
		WORKER_SOCKET: join(dir, 'var/worker.sock'), LARAVEL_WEBSOCKETS_PORT: '0', PUSH_DRAIN_SECONDS: '0', AI_WORKER: 'external' };
	const push = new Program('push', [join(dir, 'usr/lib/charla/push-server'), 'serve'],
		{ env, cwd: '/', isReady: (log) => /^push-server listening on /m.test(log) });
	const app = new Program('app', [join(dir, 'usr/lib/charla/fcgi-app'), '--listen', join(dir, 'var/api.sock')],
		{ env, cwd: '/', isReady: () => listens(join(dir, 'var/api.sock')) });
	try {
		await push.start();
		await app.start();
	} finally {
		await app.stop();
		await push.stop();
	}
});

test('installing again keeps the settings; uninstalling leaves them and nothing else', () => {
	const settings = join(dir, 'etc/charla/charla.env');
	writeFileSync(settings, 'APP_NAME=mine\n');
	make('install', `DESTDIR=${dir}`, 'PREFIX=/usr');
	assert.equal(readFileSync(settings, 'utf8'), 'APP_NAME=mine\n');
	make('uninstall', `DESTDIR=${dir}`, 'PREFIX=/usr');
	const left = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((e) => e.isFile() && !e.parentPath.startsWith(join(dir, 'var')))
		.map((e) => join(e.parentPath, e.name).slice(dir.length + 1));
	assert.deepEqual(left, ['etc/charla/charla.env']);
});
