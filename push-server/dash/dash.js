/*
 * dash.js - the operators' page: who is in, which app is looked at, and the panels of it.
 *
 * Panels are modules with setUp() (once), begin(…) (another app) and draw() (the language or the width has changed).
 */
import * as actions from './actions.js';
import * as ai from './ai.js';
import { get, request } from './api.js';
import * as channels from './channels.js';
import { $, h, icon } from './dom.js';
import * as feed from './feed.js';
import * as history from './history.js';
import { label, LANGUAGES, setLanguage, t } from './i18n.js';
import { Live } from './live.js';
import * as tiles from './tiles.js';

const LATER_MS = 3000;

let state = null;

const live = new Live({
	state: (name) => {
		$('conn').dataset.s = name;
		label($('conn').querySelector('span'), { t: name });
	},
	lost: () => enter(),
	feed: feed.take,
	status: tiles.take,
});

/* --- what is seen ------------------------------------------------------------------------------------------------------- */

function show(part) {
	for (const id of ['door', 'closed', 'panels'])
		$(id).hidden = id !== part;
	$('app').hidden = $('conn').hidden = part !== 'panels';
	$('out').hidden = part !== 'panels' || !state?.has_password;
}

function leave(part) {
	live.close();
	channels.stop();
	history.stop();
	ai.stop();
	state = null;
	show(part);
	if (part === 'door')
		$('password').focus();
}

function refused(e) {
	if (e.status === 401) {
		leave('door');
	} else {
		leave('closed');
		label($('closed-text'), { t: e.status === 403 ? 'closed' : e.status === 429 ? 'wait' : 'no_server' });
	}
	if (e.status === 0 || e.status >= 500)
		setTimeout(enter, LATER_MS);
}

/* --- which app ---------------------------------------------------------------------------------------------------------- */

const stored = () => { try { return sessionStorage.getItem('charla.dash.app'); } catch { return null; } };

function store(id) {
	try {
		sessionStorage.setItem('charla.dash.app', id);
	} catch { /* then the first app is shown after a reload */ }
}

function look() {
	const app = state.apps.find((a) => a.id === $('app').value) ?? state.apps[0];
	store(app.id);
	tiles.begin(state, app);
	feed.begin();
	channels.begin(app);
	actions.begin(app);
	history.begin(state, app);
	live.open(state.key, app.channel);
}

/** Asks who one is and what there is. After a lost connection too: the key is another after a restart. */
async function enter() {
	try {
		const before = state && $('app').value;
		const next = await get('api/state');
		const isBack = before && next.apps.some((a) => a.id === before);
		state = next;
		$('app').replaceChildren(...state.apps.map((a) => h('option', { value: a.id }, a.name === '' || a.name === a.id ? a.id : `${a.name} (${a.id})`)));
		const wished = isBack ? before : stored();
		$('app').value = state.apps.some((a) => a.id === wished) ? wished : state.apps[0].id;
		show('panels');
		ai.begin(state);
		if (isBack)
			live.open(state.key, state.apps.find((a) => a.id === before).channel);
		else
			look();
	} catch (e) {
		if (state && (e.status === 0 || e.status >= 500))
			setTimeout(enter, LATER_MS); // what is shown stays, the pill says that it is old
		else
			refused(e);
	}
}

async function signIn(event) {
	event.preventDefault();
	delete $('door-error').dataset.t;
	$('door-error').textContent = '';
	try {
		await request('POST', 'session', { password: $('password').value });
		$('password').value = '';
		await enter();
		$('main').focus();
	} catch (e) {
		label($('door-error'), { t: { 401: 'wrong_password', 429: 'wait', 403: 'closed' }[e.status] ?? 'no_server' });
		$('password').select();
	}
}

async function signOut() {
	await request('DELETE', 'session').catch(() => {});
	leave('door');
}

/* --- language, theme ---------------------------------------------------------------------------------------------------- */

function write(key, value) {
	try {
		localStorage.setItem(key, value);
	} catch { /* it holds until the page is left */ }
}

function redraw() {
	document.title = `${t('title')} · Charla`;
	for (const panel of [tiles, feed, channels, history, ai])
		panel.draw();
}

function setUp() {
	$('lang').replaceChildren(...Object.entries(LANGUAGES).map(([value, text]) => h('option', { value, lang: value }, text)));
	setLanguage(document.documentElement.lang);
	$('lang').value = document.documentElement.lang;
	$('lang').addEventListener('change', () => {
		write('charla.lang', JSON.stringify($('lang').value));
		setLanguage($('lang').value);
		redraw();
	});
	$('theme').append(icon('moon'));
	label($('theme'), { ta: 'theme', tt: 'theme' });
	$('theme').addEventListener('click', () => {
		const next = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
		write('charla.theme', next);
		document.documentElement.dataset.theme = next;
	});
	for (const panel of [feed, channels, actions, history, ai])
		panel.setUp();
	$('app').addEventListener('change', look);
	$('sign-in').addEventListener('submit', signIn);
	$('out').addEventListener('click', signOut);
	new ResizeObserver(() => { tiles.draw(); history.draw(); }).observe($('live-chart'));
}

setUp();
redraw();
enter().then(() => { document.documentElement.dataset.ready = ''; });
