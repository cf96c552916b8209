/*
 * chart.js - lines over time, as SVG: y from 0, at most three series. Its name for a screen reader is a sentence.
 *
 *   drawChart(box, { points: [[ms, a, b], …], keys: ['out_key', …], value: count, time: minutes, from, to })
 *
 * A point whose values are null is a gap.
 */
import { t } from './i18n.js';
import { h } from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const LEFT = 64, RIGHT = 8, TOP = 10, BOTTOM = 26, LINES = 4, TIME_PX = 110, HALF_LABEL = 30;
const MINUTE_MS = 60_000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS;
const STEPS_MS = [MINUTE_MS, 2 * MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS, DAY_MS, 2 * DAY_MS, 7 * DAY_MS, 30 * DAY_MS, 90 * DAY_MS];

function svg(tag, attributes, text) {
	const el = document.createElementNS(SVG, tag);
	for (const [name, value] of Object.entries(attributes))
		el.setAttribute(name, value);
	if (text !== undefined)
		el.textContent = text;
	return el;
}

/** A round number not below n that LINES divide well. */
export function ceiling(n) {
	const base = 10 ** Math.floor(Math.log10(Math.max(n, 1)));
	return [1, 2, 4, 6, 8, 10].map((m) => m * base).find((m) => m >= n && m >= LINES) ?? 10 * base;
}

/** Whole minutes, hours or days of the reader's clock: at most so many. */
export function ticks(from, to, most) {
	const step = STEPS_MS.find((s) => (to - from) / s <= most) ?? STEPS_MS.at(-1);
	const zone = new Date(from).getTimezoneOffset() * MINUTE_MS;
	const found = [];
	for (let ms = Math.ceil((from - zone) / step) * step + zone; ms <= to; ms += step)
		found.push(ms);
	return found;
}

function path(points, column, x, y) {
	let d = '', pen = false;
	for (const point of points) {
		if (point[column] === null) {
			pen = false;
			continue;
		}
		d += `${pen ? 'L' : 'M'}${x(point[0]).toFixed(1)} ${y(point[column]).toFixed(1)}`;
		pen = true;
	}
	return d;
}

export function drawChart(box, { points, keys, value, time, from, to }) {
	const width = Math.max(box.clientWidth, 200), height = Math.max(box.clientHeight, 120);
	const most = keys.map((_, i) => points.reduce((max, p) => Math.max(max, p[i + 1] ?? 0), 0));
	const top = ceiling(Math.max(...most, 1));
	const x = (ms) => LEFT + (ms - from) / Math.max(to - from, 1) * (width - LEFT - RIGHT);
	const y = (v) => height - BOTTOM - v / top * (height - TOP - BOTTOM);
	const last = points.at(-1);
	const says = keys.map((key, i) => t('chart_of', { what: t(key), now: value(last?.[i + 1] ?? 0), max: value(most[i]) })).join('; ');
	const root = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': says });

	for (let i = 0; i <= LINES; i++) {
		const v = top / LINES * i, at = y(v);
		root.append(svg('line', { class: 'rule', x1: LEFT, x2: width - RIGHT, y1: at, y2: at }));
		root.append(svg('text', { x: LEFT - 8, y: at + 4, 'text-anchor': 'end' }, value(v)));
	}
	for (const ms of ticks(from, to, Math.max(Math.floor((width - LEFT) / TIME_PX), 1)))
		root.append(svg('text', { x: Math.min(x(ms), width - RIGHT - HALF_LABEL), y: height - 6, 'text-anchor': 'middle' }, time(ms)));
	keys.forEach((_, i) => root.append(svg('path', { class: `s${i}`, d: path(points, i + 1, x, y) })));
	box.replaceChildren(root);
}

export function drawKey(box, keys) {
	box.replaceChildren(...keys.map((key, i) => h('span', {}, h('i', { class: `s${i}`, 'aria-hidden': 'true' }), h('span', { t: key }))));
}
