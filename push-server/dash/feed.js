/*
 * feed.js - what happens, newest first: at most MAX rows of one height, drawn in one go a batch.
 *
 * Nothing is hidden: what the server left out, what the page had no room for while it was paused or hidden, is counted and said.
 */
import { $, h } from './dom.js';
import { count, timeOfDay } from './format.js';
import { label, t } from './i18n.js';

const MAX = 200;
export const KINDS = ['connected', 'disconnected', 'subscribed', 'unsubscribed', 'client-event', 'api-event', 'slow', 'occupied', 'vacated'];

let events = [];  // newest first, at most MAX
let waiting = []; // while paused
let waited = 0;
let omitted = {};
let isPaused = false;

const wanted = () => {
	const kind = $('kind').value, text = $('filter').value.toLowerCase();
	return (e) => (kind === '' || e.type === kind)
		&& (text === '' || [e.channel, e.event, e.socket].some((s) => s?.toLowerCase().includes(text)));
};

function row(e) {
	const cell = (text) => h('span', { title: text ?? '' }, text ?? '');
	return h('li', { data: { type: e.type } }, h('time', { dateTime: new Date(e.t).toISOString() }, timeOfDay(e.t)), h('span', {}, h('span', { class: `tag ${e.type}`, t: `k_${e.type}` })),
		cell(e.channel), cell(e.event), cell(e.socket));
}

function say() {
	const total = Object.values(omitted).reduce((sum, n) => sum + n, 0);
	const kinds = Object.entries(omitted).map(([kind, n]) => `${t(`k_${kind}`)} ${count(n)}`).join(', ');
	const lines = [];
	if (isPaused)
		lines.push(t('waiting_n', { n: waited, max: MAX }));
	if (total > 0)
		lines.push(t('omitted_n', { n: total, kinds }));
	$('omitted').textContent = lines.join(' · ');
}

export function draw() {
	$('rows').replaceChildren(...events.filter(wanted()).map(row));
	say();
}

function show(batch) {
	events = [...batch, ...events].slice(0, MAX);
	if (document.hidden)
		return;
	$('rows').prepend(...batch.filter(wanted()).slice(0, MAX).map(row));
	while ($('rows').childElementCount > MAX)
		$('rows').lastElementChild.remove();
}

export function take({ events: batch, omitted: left }) {
	for (const [kind, n] of Object.entries(left))
		omitted[kind] = (omitted[kind] ?? 0) + n;
	batch.reverse();
	if (isPaused) {
		waited += batch.length;
		waiting = [...batch, ...waiting];
		for (const e of waiting.splice(MAX))
			omitted[e.type] = (omitted[e.type] ?? 0) + 1;
	} else {
		show(batch);
	}
	say();
}

function pause() {
	isPaused = !isPaused;
	$('pause').setAttribute('aria-pressed', String(isPaused));
	label($('pause'), { t: isPaused ? 'resume' : 'pause' });
	if (!isPaused) {
		show(waiting);
		waiting = [];
		waited = 0;
	}
	say();
}

export function begin() {
	events = [];
	waiting = [];
	waited = 0;
	omitted = {};
	draw();
}

export function setUp() {
	$('kind').replaceChildren(h('option', { value: '', t: 'all_kinds' }), ...KINDS.map((kind) => h('option', { value: kind, t: `k_${kind}` })));
	$('kind').addEventListener('change', draw);
	$('filter').addEventListener('input', draw);
	$('pause').addEventListener('click', pause);
	document.addEventListener('visibilitychange', () => { if (!document.hidden) draw(); });
}
