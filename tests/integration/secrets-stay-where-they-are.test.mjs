/** Threats T18 and T24: keys in no answer and no log; files that only their owner reads. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ask, BIN, ROOT, startSystem, waitFor } from './harness.mjs';
import { command, jwt, Person, raw, SECRET } from './identities.mjs';

const canaries = { AI_API_KEY: 'AIza-canary-key-of-the-owner-0123456789', PUSHER_APP_SECRET: 'canary-app-secret-0123456789', JWT_SECRET: SECRET, APP_KEY: 'canary-app-key-0123456789', DASHBOARD_PASSWORD: 'canary-dashboard-0123456789' };
let system;
const seen = [];
before(async () => { system = await startSystem({ env: { ...canaries, LOG_LEVEL: 3 } }); });
after(() => system?.stop());

test('no answer and no log holds a key, a token, or a message', async () => {
	const message = 'a-message-that-no-log-may-hold';
	const ana = await Person.withSession(system, 'Ana');
	const token = command(system, '--token-create', 'ci').trim();
	const good = jwt();
	const note = async (answer) => { const a = await answer; seen.push(a.text, JSON.stringify(a.headers)); return a; };
	const id = await ana.chat();
	const share = await ana.call('POST', `/api/chats/${id}/share`);
	await ana.say(id, message);
	await ask(system, 'open', message);
	await system.standin.queue([{ status: 403 }, { status: 500 }, { status: 400 }]);
	for (let i = 0; i < 3; i++)
		await ask(system, `fails-${i}`, message);
	for (const path of ['/api/config', '/api/health', '/api/me', '/api/nothing', `/api/chats/${id}/history`, '/api/chats/open/history', '/api/chats'])
		for (const headers of [{}, ana.headers, { authorization: `Bearer ${good}` }, { authorization: `Bearer ${token}` }, { authorization: `Bearer ${good}x` }])
			await note(raw(system, 'GET', path, { headers }));
	await note(ana.auth(`private-chat.${id}`));
	await note(ana.auth('private-orders.1'));
	const logs = Object.entries(system.logs).filter(([name]) => name !== 'standin');
	for (const [name, value] of Object.entries(canaries)) {
		for (const text of seen)
			assert.equal(text.includes(value), false, name);
		for (const [program, log] of logs)
			assert.equal(log.includes(value), false, `${name} in the log of ${program}`);
	}
	const secrets = { cookie: ana.headers.cookie.slice(4), token, jwt: good, invitation: share.json.token, message };
	for (const [what, value] of Object.entries(secrets))
		for (const [program, log] of logs)
			assert.equal(log.includes(value), false, `${what} in the log of ${program}`);
});

test('each refusal is one line with its reason and the request\'s id', async () => {
	const ana = await Person.withSession(system);
	const id = await ana.chat();
	const refusals = [
		[new Person(system).call('GET', `/api/chats/${id}/history`), /status=404 .*reason="no such chat for this caller" route=\/api\/chats\/\{id\}\/history/],
		[new Person(system).call('POST', '/api/chats', {}), /status=401 code=sign_in reason="no identity" route=\/api\/chats /],
		[new Person(system, { authorization: 'Bearer x.y.z' }).call('GET', '/api/me'), /status=401 code=invalid_token reason=/],
		[new Person(system).auth(`presence-chat.${id}`), /status=404 .*route=\/broadcasting\/auth/],
		[ana.call('POST', '/api/join', { token: 'x'.repeat(43) }), /status=404 code=invitation_void/],
		[ana.call('POST', '/api/session', {}, { 'sec-fetch-site': 'cross-site' }), /status=403 code=cross_site/],
	];
	for (const [asked, line] of refusals) {
		const answer = await asked;
		const find = () => system.logs.app.split('\n').filter((l) => l.includes(`rid=${answer.headers['x-request-id']}`) && l.includes(' refused '));
		await waitFor(() => find().length > 0, 'the line');
		const lines = find();
		assert.equal(lines.length, 1, answer.text);
		assert.match(lines[0], line);
		assert.equal(lines[0].includes(id), false, 'no id of a chat');
	}
});

test('nothing that holds data is readable by everybody', () => {
	for (const name of readdirSync(join(system.dir, 'var')))
		assert.equal(statSync(join(system.dir, 'var', name)).mode & 0o007, 0, name);
	for (const name of ['api.sock', 'push.sock'])
		assert.equal(statSync(join(system.dir, name)).mode & 0o007, 0, name);
});

test('APP_KEY is made once, kept, and not for everybody', () => {
	const dir = mkdtempSync(join(tmpdir(), 'charla-key-'));
	try {
		writeFileSync(join(dir, '.env'), `VAR_DIR=${join(dir, 'var')}\n`, { mode: 0o600 });
		const start = () => spawnSync(join(BIN, 'fcgi-app'), ['--env', join(dir, '.env')], { input: '', encoding: 'utf8',
			env: { REQUEST_METHOD: 'GET', SCRIPT_NAME: '/api/me', QUERY_STRING: '', PATH: process.env.PATH } });
		assert.match(start().stdout, /^Status: 200/);
		const key = readFileSync(join(dir, 'var', 'app.key'), 'utf8');
		assert.match(key, /^[\w-]{43}$/);
		assert.equal(statSync(join(dir, 'var', 'app.key')).mode & 0o037, 0);
		assert.match(start().stdout, /^Status: 200/);
		assert.equal(readFileSync(join(dir, 'var', 'app.key'), 'utf8'), key);
	} finally {
		rmSync(dir, { recursive: true });
	}
});

test('production refuses settings that everybody can read, and secrets that can be guessed', () => {
	const dir = mkdtempSync(join(tmpdir(), 'charla-weak-'));
	const base = { APP_ENV: 'production', PUSHER_APP_KEY: 'key', PUSHER_APP_SECRET: 's'.repeat(16), VAR_DIR: join(dir, 'var') };
	const check = (program, values, mode = 0o600) => {
		writeFileSync(join(dir, '.env'), Object.entries({ ...base, ...values }).map(([k, v]) => `${k}=${v}\n`).join(''));
		chmodSync(join(dir, '.env'), mode);
		return spawnSync(join(BIN, program), ['--check-config', '--env', join(dir, '.env')], { encoding: 'utf8', env: { PATH: process.env.PATH } });
	};
	try {
		for (const program of ['fcgi-app', 'push-server']) {
			assert.equal(check(program, {}).status, 0, check(program, {}).stdout);
			for (const [values, mode, says] of [
				[{ PUSHER_APP_KEY: 'local', PUSHER_APP_SECRET: 'local' }, 0o600, /"local" is not for production/],
				[{ PUSHER_APP_SECRET: 's'.repeat(15) }, 0o600, /PUSHER_APP_SECRET: shorter than 16/],
				[{ JWT_SECRET: 's'.repeat(15) }, 0o600, /JWT_SECRET: shorter than 16/],
				[{ APP_KEY: 's'.repeat(15) }, 0o600, /APP_KEY: shorter than 16/],
				[{}, 0o644, /readable by every user/],
			]) {
				const { status, stdout } = check(program, values, mode);
				assert.notEqual(status, 0, `${program} ${JSON.stringify(values)}`);
				assert.match(stdout, says);
			}
		}
	} finally {
		rmSync(dir, { recursive: true });
	}
});

test('SQL stands in the tables of statements and nowhere else; no shell is ever called', () => {
	const found = execFileSync('grep', ['-rnE', 'sqlite3_(exec|mprintf|snprintf)|\\b(system|popen|execl|execlp|execvp)\\(', 'fcgi-app', 'push-server', 'shared', '--include=*.c'], { encoding: 'utf8', cwd: ROOT })
		.split('\n').filter((l) => l && !/(store\w*|stats_db)\.c:.*sqlite3_exec\(\w+(->db)?, (sql\w*|schema),/.test(l));
	assert.deepEqual(found, []);
});
