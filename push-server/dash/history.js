/* history.js - the statistics that the server keeps: hours to a year. Asked for on a change, and once a minute. */
import { appPath, get } from './api.js';
import { drawChart, drawKey } from './chart.js';
import { $, h } from './dom.js';
import { bytes, count, day, dayAndTime, minutes } from './format.js';
import { label } from './i18n.js';

const HOUR_S = 3600, DAY_S = 86_400, EVERY_MS = 60_000;
const RANGES = {
	r_hours: { span: 'interval', seconds: 6 * HOUR_S, time: minutes },
	r_day: { span: 'interval', seconds: DAY_S, time: minutes },
	r_week: { span: 'hour', seconds: 7 * DAY_S, time: dayAndTime },
	r_month: { span: 'hour', seconds: 30 * DAY_S, time: day },
	r_year: { span: 'day', seconds: 365 * DAY_S, time: day },
};
/* Columns of a row: at, peak, websocket, api, sent, received_bytes, sent_bytes, slow. */
const WHAT = {
	w_messages: { keys: ['out_key', 'in_key', 'events_key'], columns: [4, 2, 3], value: count },
	w_peak: { keys: ['w_peak'], columns: [1], value: count },
	w_bytes: { keys: ['out_key', 'in_key'], columns: [6, 5], value: bytes },
	w_slow: { keys: ['w_slow'], columns: [7], value: count },
};

let app = null, interval = 60, answer = null, timer = 0;

/** What stands between two rows that are not neighbours is nothing, and not a line from one to the other. */
export function withZeros(rows, step, columns, from, to) {
	const points = [], zero = columns.map(() => 0);
	let at = from;
	for (const row of rows) {
		if (row[0] > at) {
			points.push([at * 1000, ...zero]);
			points.push([(row[0] - step) * 1000, ...zero]);
		}
		points.push([row[0] * 1000, ...columns.map((c) => row[c])]);
		at = row[0] + step;
	}
	if (at < to)
		points.push([at * 1000, ...zero], [to * 1000, ...zero]);
	return points.filter((p) => p[0] >= from * 1000);
}

export function draw() {
	if (!answer || !app)
		return;
	const { rows, kept, from, to, range } = answer;
	const { keys, columns, value } = WHAT[$('what').value];
	const step = { interval, hour: HOUR_S, day: DAY_S }[RANGES[range].span];
	drawKey($('history-key'), keys);
	drawChart($('history-chart'), { points: withZeros(rows, step, columns, from, to), keys, value, time: RANGES[range].time, from: from * 1000, to: to * 1000 });
	label($('history-said'), { t: !kept ? 'not_kept' : !app.statistics ? 'off_history' : 'no_history' });
	$('history-said').hidden = kept && app.statistics && rows.length > 0;
}

async function refresh() {
	const mine = app, range = $('range').value;
	clearTimeout(timer);
	timer = setTimeout(refresh, EVERY_MS);
	if (document.hidden || !app)
		return;
	const to = Math.floor(Date.now() / 1000), from = to - RANGES[range].seconds;
	try {
		const { rows, kept } = await get(appPath(app, `history?span=${RANGES[range].span}&from=${from}`));
		if (mine !== app || range !== $('range').value)
			return;
		answer = { rows, kept, from, to, range };
		draw();
	} catch { /* the next turn asks again */ }
}

export function begin(state, next) {
	interval = state.interval;
	app = next;
	answer = null;
	refresh();
}

export function stop() {
	app = null;
	clearTimeout(timer);
}

export function setUp() {
	$('range').replaceChildren(...Object.keys(RANGES).map((key) => h('option', { value: key, t: key })));
	$('what').replaceChildren(...Object.keys(WHAT).map((key) => h('option', { value: key, t: key })));
	$('range').addEventListener('change', refresh);
	$('what').addEventListener('change', draw);
	document.addEventListener('visibilitychange', refresh);
}
