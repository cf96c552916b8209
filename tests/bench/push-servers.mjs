/**
 * The servers that the push bench compares, each started afresh for each run, on a CPU of its own; and the
 * load generator on another.
 *
 *   const server = await SERVERS.push();      .direct(), .coalesce(), .soketi()
 *   const said = await load(server, ['--connections', 100, ...]);      what push_load prints
 *   await server.stop();
 *
 * PEERS=1 needs `installPeers()` first: soketi from the npm registry into build/peers, with a node that its
 * native part runs on. Never a dependency of ours.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { BIN, Program, ROOT, freePort, listens } from '../integration/harness.mjs';
import { startPush } from '../integration/push.mjs';

const BENCH = join(BIN, '../bench');
const LOAD_MS = 600_000;

/** The first two CPUs that we may use; on a machine with one nothing is pinned. */
const cpus = /Cpus_allowed_list:\s+(\S+)/.exec(readFileSync('/proc/self/status', 'latin1'))[1].split(',').flatMap((range) => {
	const [from, to = from] = range.split('-').map(Number);
	return Array.from({ length: to - from + 1 }, (_, i) => from + i);
});
const on = (i) => (cpus.length > 1 ? ['taskset', '-c', String(cpus[i])] : []);

/** Event text as push-server sends it, so that both put the same bytes on the wire. */
const BARE_TEXT = '{"event":"msg","channel":"%c","data":"%d"}';

async function bare(mode) {
	const dir = mkdtempSync(join(tmpdir(), 'charla-bench-')), socket = join(dir, 'bare.sock');
	const program = new Program('bare_broadcaster', [...on(0), join(BENCH, 'bare_broadcaster'), socket, mode], {
		env: process.env, cwd: dir, isReady: (log) => log.match(/listening on \S+:(\d+)/),
	});
	const port = Number((await program.start())[1]);
	return {
		pid: program.pid, port, publish: ['--datagram', socket, '--text', BARE_TEXT],
		async stop() {
			await program.endBy('SIGKILL');
			rmSync(dir, { recursive: true });
		},
	};
}

async function push() {
	const server = await startPush({ command: on(0) });
	return { pid: server.pid, port: server.port, publish: ['--datagram', join(server.dir, 'push.sock')], stop: () => server.stop() };
}

const PEERS = join(ROOT, 'build/peers');
const NODE = join(PEERS, 'node_modules', `node-linux-${process.arch}`, 'bin/node');
/* soketi 1.6.1 names a git address for its native part; this is a build of that which is in the registry */
const MANIFEST = {
	private: true,
	dependencies: { '@soketi/soketi': '1.6.1', [`node-linux-${process.arch}`]: '20.20.2' },
	overrides: { 'uWebSockets.js': 'npm:@trufflesuite/uws-js-unofficial@20.30.0-unofficial.0' },
};

export function installPeers() {
	if (existsSync(NODE))
		return;
	mkdirSync(PEERS, { recursive: true });
	writeFileSync(join(PEERS, 'package.json'), JSON.stringify(MANIFEST));
	console.error('peers: npm install of @soketi/soketi into build/peers');
	execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], { cwd: PEERS, stdio: 'inherit' });
	execFileSync('chmod', ['+x', NODE]);
}

async function soketi() {
	const port = await freePort();
	const program = new Program('soketi', [...on(0), NODE, join(PEERS, 'node_modules/@soketi/soketi/bin/server.js'), 'start'], {
		cwd: PEERS,
		env: {
			...process.env, SOKETI_HOST: '127.0.0.1', SOKETI_PORT: String(port), SOKETI_METRICS_ENABLED: '0',
			SOKETI_DEFAULT_APP_ID: 'local', SOKETI_DEFAULT_APP_KEY: 'local', SOKETI_DEFAULT_APP_SECRET: 'local',
			SOKETI_CLUSTER_UNICAST_ADDRESSES: '127.0.0.1', /* it would broadcast */
		},
		isReady: () => listens(port),
	});
	await program.start();
	return { pid: program.pid, port, publish: ['--http'], stop: () => program.endBy('SIGKILL') };
}

export const SERVERS = { direct: () => bare('direct'), coalesce: () => bare('coalesce'), push, soketi };

/** Throws when push_load cannot go on; deliveries that are not as they should be are in what it says. */
export async function load(server, options) {
	const [command, ...args] = [...on(1), join(BENCH, 'push_load'), '--port', server.port, '--server', server.pid, ...options].map(String);
	const { stdout } = await promisify(execFile)(command, args, { timeout: LOAD_MS }).catch((e) => {
		if (!e.stdout)
			throw new Error(`push_load ${args.join(' ')}: ${e.stderr}`);
		return e;
	});
	return JSON.parse(stdout);
}
