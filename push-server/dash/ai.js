/*
 * ai.js - chats and AI, as GET /api/operator of fcgi-app tells them. There only where the page and the API have one address: on
 * the push server's own port there is no such path, and the panel stays away.
 */
import { get } from './api.js';
import { $, h } from './dom.js';
import { bytes, count, dayAndTime } from './format.js';
import { known, t } from './i18n.js';

const EVERY_MS = 10_000;
const MISSING = [403, 404];

let timer = 0, answer = null, isOn = false;

const pair = (key, value) => [h('dt', { t: key }), h('dd', {}, value)];
/** Of a status or a kind of error: a newer server may have more of them. */
const word = (name) => (known(`s_${name}`) ? t(`s_${name}`) : name);
const list = (counts) => Object.entries(counts).map(([name, n]) => `${word(name)} ${count(n)}`).join(' · ') || t('none');
const span = (ms) => (ms === null ? '—' : t('ms', { n: count(ms) }));
const both = ({ p50, p95 }) => (p50 === null ? t('none') : t('p50_p95', { p50: span(p50), p95: span(p95) }));

function row(r) {
	return h('tr', {}, h('td', {}, dayAndTime(Date.parse(r.endedAt))), h('td', { class: 'n' }, span(r.tookMs)), h('td', { class: 'n' }, span(r.firstTokenMs)), h('td', { class: 'n' }, count(r.attempts)),
		h('td', { class: 'n' }, count(r.tokens)), h('td', {}, [...new Set([r.status, r.errorType].filter(Boolean).map(word))].join(' · ')), h('td', {}, r.model), h('td', {}, h('code', {}, r.rid ?? '')));
}

const HEADS = ['ended_at', 'took', 'first_token', 'attempts', 'tokens', 'ai_status', 'model', 'rid'];
const NUMBERS = ['took', 'first_token', 'attempts', 'tokens'];

function slowest(rows) {
	const heads = HEADS.map((key) => h('th', { scope: 'col', class: NUMBERS.includes(key) ? 'n' : '', t: key }));
	return h('div', { class: 'wrap', tabIndex: 0, role: 'region', ta: 'slowest' }, h('table', { class: 'grid' }, h('thead', {}, h('tr', {}, ...heads)), h('tbody', {}, ...rows.map(row))));
}

export function draw() {
	$('ai').hidden = answer === null;
	if (answer === null)
		return;
	const { jobs, today, totals, days } = answer;
	$('ai-body').replaceChildren(
		h('dl', { class: 'pairs' },
			...pair('jobs', list(jobs)), ...pair('replies_day', list(answer.replies)), ...pair('errors', list(answer.errors)), ...pair('retries', count(answer.retries)),
			...pair('first_token', both(answer.firstTokenMs)), ...pair('took', both(answer.replyMs)),
			...pair('tokens_today', count(today.totalTokens)), ...pair('tokens_month', count(days.reduce((sum, d) => sum + d.totalTokens, 0))),
			...pair('totals', [t('chats_n', { n: totals.chats }), t('people_n', { n: totals.people }), t('messages_n', { n: totals.messages }), bytes(totals.bytes)].join(' · ')),
			...pair('model', answer.demo ? t('demo') : answer.model ?? '—')),
		...(answer.slowest.length > 0 ? [h('h3', { t: 'slowest' }), slowest(answer.slowest)] : []));
}

async function refresh() {
	clearTimeout(timer);
	if (!isOn)
		return;
	timer = setTimeout(refresh, EVERY_MS);
	if (document.hidden)
		return;
	try {
		answer = await get('../api/operator');
		draw();
	} catch (e) {
		if (!MISSING.includes(e.status))
			return;
		answer = null;
		clearTimeout(timer);
		draw();
	}
}

/** state.ports: on the push server's own there is nothing to be asked. */
export function begin({ ports }) {
	isOn = !ports.includes(Number(location.port || (location.protocol === 'https:' ? 443 : 80)));
	refresh();
}

export function stop() {
	isOn = false;
	clearTimeout(timer);
}

export function setUp() {
	document.addEventListener('visibilitychange', refresh);
}
