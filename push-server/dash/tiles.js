/*
 * tiles.js - the numbers of now, and the chart of the last five minutes, of the status that comes each second.
 *
 * Rates are differences of two statuses; after a pause of the connection the chart has a gap.
 */
import { drawChart, drawKey } from './chart.js';
import { $, h } from './dom.js';
import { bytes, count, dayAndTime, digits, minutes, rate } from './format.js';
import { t } from './i18n.js';

const KEEP_MS = 5 * 60_000, MINUTE_MS = 60_000, GAP_MS = 4000;
const KEYS = ['out_key', 'in_key', 'events_key'];
const events = (totals) => totals.events_http + totals.events_datagram + totals.events_client;

let bounds = [], app = null, version = '';
let statuses = []; // of the last five minutes, oldest first

/** q of a histogram's deliveries: {ms, above} by the bound of the bucket it falls into; null: there were none. */
export function quantile(counts, limits, q) {
	const total = counts.reduce((sum, n) => sum + n, 0);
	let left = q * total;
	if (total === 0)
		return null;
	for (const [i, n] of counts.entries()) {
		left -= n;
		if (left <= 0)
			return i < limits.length ? { ms: limits[i], above: false } : { ms: limits.at(-1), above: true };
	}
	return { ms: limits.at(-1), above: true };
}

const latency = (q) => q && t(q.above ? 'above_ms' : 'ms', { n: digits(q.ms) });

/** [ms, out/s, in/s, published/s] between each two statuses. */
export function rates(list) {
	const points = [];
	for (let i = 1; i < list.length; i++) {
		const a = list[i - 1], b = list[i], s = (b.now - a.now) / 1000;
		const per = (f) => Math.max(f(b.app.totals) - f(a.app.totals), 0) / s;
		if (s > 0)
			points.push(s * 1000 > GAP_MS ? [b.now, null, null, null] : [b.now, per((x) => x.sent), per((x) => x.received), per(events)]);
	}
	return points;
}

function delivery(now) {
	const before = statuses.find((s) => s.now >= now.now - MINUTE_MS) ?? now;
	const counts = now.app.delivery.map((n, i) => Math.max(n - before.app.delivery[i], 0));
	return [0.95, 0.99].map((q) => latency(quantile(counts, bounds, q)));
}

function tile(name, key, value, small) {
	return h('div', { class: 'tile', data: { tile: name } }, h('dt', { t: key }), h('dd', {}, value, h('small', {}, small)));
}

function drawTiles() {
	const now = statuses.at(-1), totals = now.app.totals;
	const [, out, into] = rates(statuses.slice(-4)).at(-1) ?? [0, 0, 0];
	const peak = count(now.app.peak);
	const [p95, p99] = delivery(now);
	$('tiles').replaceChildren(
		tile('connections', 'connections', count(now.app.connections), app.capacity > 0 ? t('peak_max', { peak, max: count(app.capacity) }) : t('peak_of', { peak })),
		tile('channels', 'channels', count(now.app.channels), t('subscriptions_n', { n: now.app.subscriptions })),
		tile('sent', 'sent_tile', count(totals.sent), t('per_second', { n: rate(out ?? 0) })),
		tile('received', 'received_tile', count(totals.received), t('per_second', { n: rate(into ?? 0) })),
		tile('api', 'api_tile', count(totals.api_requests), t('events_n', { n: events(totals) })),
		tile('bytes', 'bytes_tile', bytes(totals.sent_bytes), t('bytes_in', { n: bytes(totals.received_bytes) })),
		tile('delivery', 'delivery_tile', p95 ?? '—', p99 ? t('delivery_99', { n: p99 }) : t('no_delivery')),
		tile('slow', 'slow_tile', count(totals.slow), t('since_start')),
	);
}

const pair = (key, value) => [h('dt', { t: key }), h('dd', {}, value)];

function drawPairs() {
	const { server } = statuses.at(-1);
	const [a, b] = [statuses.at(-2) ?? statuses.at(-1), statuses.at(-1)];
	const cpu = b.now > a.now ? (b.server.cpu_ms - a.server.cpu_ms) / (b.now - a.now) * 100 : 0;
	$('hooks').replaceChildren(...pair('receivers', count(app.webhooks)), ...pair('waiting', count(server.webhooks.waiting)),
		...pair('taken', count(server.webhooks.taken)), ...pair('retried', count(server.webhooks.retried)), ...pair('dropped', count(server.webhooks.dropped)));
	$('server').replaceChildren(...pair('version', version), ...pair('uptime', dayAndTime(server.started_ms)), ...pair('memory', bytes(server.memory)),
		...pair('cpu', `${rate(cpu)} %`), ...pair('refused', count(server.refused)), ...pair('ended', count(server.closed)));
}

export function draw() {
	if (statuses.length === 0 || document.hidden)
		return;
	const to = statuses.at(-1).now;
	drawTiles();
	drawPairs();
	drawChart($('live-chart'), { points: rates(statuses), keys: KEYS, value: rate, time: minutes, from: to - KEEP_MS, to });
}

export function take(status) {
	statuses.push(status);
	while (statuses[0].now < status.now - KEEP_MS)
		statuses.shift();
	draw();
}

export function begin(state, chosen) {
	bounds = state.bounds;
	version = state.version;
	app = chosen;
	statuses = [];
	$('tiles').replaceChildren();
	drawKey($('live-key'), KEYS);
}
