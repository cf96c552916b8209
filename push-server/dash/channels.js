/* channels.js - channels and who is in them, asked for every few seconds while the page is seen; ending a connection. */
import { appPath, get, post } from './api.js';
import { $, h, toast } from './dom.js';
import { count } from './format.js';
import { t } from './i18n.js';

const EVERY_MS = 3000;

let app = null, chosen = null, timer = 0, asked = 0, shown = '';

function channelRow(c) {
	const button = h('button', { class: 'link', type: 'button', 'aria-pressed': String(c.name === chosen), on: { click: () => choose(c.name) } }, c.name);
	return h('tr', { class: c.name === chosen ? 'on' : '' }, h('td', {}, button), h('td', { class: 'n' }, count(c.subscriptions)), h('td', { class: 'n' }, c.users === undefined ? '' : count(c.users)));
}

function socketRow(s) {
	const button = h('button', { class: 'btn', type: 'button', t: 'terminate', ta: 'terminate_socket', vars: { id: s.socket_id }, on: { click: () => end(s.socket_id) } });
	return h('tr', { data: { socket: s.socket_id } }, h('td', {}, s.socket_id), h('td', {}, s.user_id ?? ''), h('td', { class: 'n' }, button));
}

/* Rows are made anew only when something has changed: whoever is on a button stays there. */
function drawChannels({ total, channels }) {
	$('channels').replaceChildren(...channels.map(channelRow));
	$('no-channels').hidden = total > 0;
	$('channels-count').textContent = channels.length < total ? t('shown_of', { shown: channels.length, total }) : '';
}

function drawMembers(c) {
	$('members').hidden = false;
	$('members-title').textContent = c.name;
	$('members-count').textContent = [t('members_n', { n: c.subscriptions }), c.presence && t('users_n', { n: c.users }),
		c.sockets.length < c.subscriptions && t('shown_of', { shown: c.sockets.length, total: c.subscriptions })].filter(Boolean).join(' · ');
	$('sockets').replaceChildren(...c.sockets.map(socketRow));
}

async function refresh() {
	const turn = ++asked;
	clearTimeout(timer);
	timer = setTimeout(refresh, EVERY_MS);
	if (document.hidden || app === null)
		return;
	try {
		const list = await get(appPath(app, `channels?prefix=${encodeURIComponent($('prefix').value)}`));
		const one = chosen && await get(appPath(app, `channel?name=${encodeURIComponent(chosen)}`)).catch((e) => { if (e.status !== 404) throw e; return null; });
		const now = JSON.stringify([list, one, chosen, document.documentElement.lang]);
		if (turn !== asked || now === shown)
			return;
		shown = now;
		drawChannels(list);
		if (one)
			drawMembers(one);
		else
			$('members').hidden = true;
	} catch { /* the pill says it; the next turn asks again */ }
}

function choose(name) {
	chosen = chosen === name ? null : name;
	refresh();
}

async function end(socket_id) {
	try {
		await post(appPath(app, 'terminate'), { socket_id });
	} catch (e) {
		toast({ ...(e.status === 0 ? { t: 'no_server' } : { t: 'failed', vars: { why: e.message } }), bad: true });
	}
	refresh();
}

export const draw = () => { shown = ''; refresh(); };

export function begin(next) {
	app = next;
	chosen = null;
	draw();
}

export function stop() {
	app = null;
	clearTimeout(timer);
}

export function setUp() {
	$('prefix').addEventListener('input', refresh);
	document.addEventListener('visibilitychange', refresh);
}
