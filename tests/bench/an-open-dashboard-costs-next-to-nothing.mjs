/**
 * CPU of the push server per delivery, with an operator's page open and without: 5,000 connections at full speed.
 *
 * One server, one load: every SLICE_MS the page is opened or closed, and what the server has used by its own clock
 * (/proc/PID/schedstat) is divided by what it has delivered. Neighbouring slices are compared, so that a busy machine is
 * busy for both; the median of the pairs is printed. Exits 1 above MOST.
 *
 *   PAIRS=15
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { waitFor } from '../integration/harness.mjs';
import { Client } from '../integration/push.mjs';
import { parse } from '../integration/prometheus.mjs';
import { SERVERS, load } from './push-servers.mjs';

const PAIRS = Number(process.env.PAIRS ?? 15);
const SLICE_MS = 2000;
const MOST = 1.03;
const FOREVER = 100_000_000;
const WORKLOADS = [
	{ name: 'one channel of 5,000', options: ['--connections', 5000, '--window', 16] },
	{ name: '1,000 channels of 5', options: ['--connections', 5000, '--channels', 1000, '--size', 60, '--window', 64] },
];
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor((list.length - 1) / 2)];

/** The page's own requests, and what it was told. */
async function watch(server) {
	const url = `http://127.0.0.1:${server.port}`;
	const { key, apps: [{ channel }] } = await (await fetch(`${url}/dashboard/api/state`)).json();
	const page = await new Client({ wsUrl: url.replace('http', 'ws') }, { key }).open();
	const { auth } = await (await fetch(`${url}/dashboard/auth`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ socket_id: page.socketId, channel_name: channel }) })).json();
	page.send('pusher:subscribe', { channel, auth });
	const channels = setInterval(() => fetch(`${url}/dashboard/api/local/channels`).then((r) => r.text()).catch(() => {}), 3000);
	return {
		told: () => page.named('feed').flatMap(({ data }) => [data.events.filter((e) => e.type === 'api-event').length, data.omitted['api-event'] ?? 0]).reduce((a, b) => a + b, 0),
		stop() { clearInterval(channels); page.close(); },
	};
}

const cpuNs = (pid) => Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[0]);

async function sent(server) {
	const { samples } = parse(await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text());
	return samples.find((s) => s.name === 'charla_push_messages_sent_total' && s.labels.app === 'local').value;
}

/** Nanoseconds a delivery, over one slice. */
async function slice(server) {
	const [cpu, n] = [cpuNs(server.pid), await sent(server)];
	await pause(SLICE_MS);
	return (cpuNs(server.pid) - cpu) / (await sent(server) - n);
}

async function run({ name, options }) {
	const server = await SERVERS.push();
	const loading = load(server, [...server.publish, ...options, '--messages', FOREVER, '--give-up', 5]).catch(() => {}); // it ends with its server
	await waitFor(async () => await sent(server) > 200_000, 'the load', 60_000);
	const ratios = [], ns = { open: [], closed: [] };
	for (let i = 0; i < PAIRS; i++) {
		const pair = {};
		for (const isOpen of i % 2 === 0 ? [false, true] : [true, false]) {
			const page = isOpen && await watch(server);
			const value = await slice(server);
			if (page && page.told() === 0)
				throw new Error('the page was told nothing');
			page?.stop?.();
			pair[isOpen ? 'open' : 'closed'] = value;
			ns[isOpen ? 'open' : 'closed'].push(value);
		}
		ratios.push(pair.open / pair.closed);
	}
	process.kill(server.pid, 'SIGKILL');
	await loading;
	const ratio = median(ratios);
	console.log(`${name}: CPU ns a delivery, dashboard closed ${median(ns.closed).toFixed(0)}, open ${median(ns.open).toFixed(0)}; `
		+ `ratio ${ratio.toFixed(3)} (${ratios.toSorted((a, b) => a - b).map((r) => r.toFixed(2)).join(' ')})${ratio > MOST ? ` ABOVE ${MOST}` : ''}`);
	if (ratio > MOST)
		process.exitCode = 1;
}

for (const workload of WORKLOADS)
	await run(workload);
