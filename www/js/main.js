/*
 * main.js - starts the page and wires its parts: the frame, the connection, and which chat is open. What shows a chat
 * (chat.js and all below it) and the dialogs are loaded when they are needed.
 *
 * The address: "#c=<id>" or "?chat=<id>" a chat, "#join=<token>" an invitation, else a new chat, which is private and is
 * made when its first message is sent.
 */
import { getChat, getConfig } from './api.js';
import { Composer } from './composer.js';
import { $, drawIcons, h, icon, initials, isComposing, openMenu, toast } from './dom.js';
import { LANGUAGES, errorKey, label, setLanguage, t } from './i18n.js';
import { BANNER_AFTER_MS, PATIENCE_MS, Push, WITH_BANNER, connectionState } from './push.js';
import { Sidebar, hrefOf } from './sidebar.js';
import * as store from './store.js';

const LOADING_AFTER_MS = 300, CONFIG_RETRY_MS = 3000;
/** All that shows a chat, asked for at once instead of one after the other. */
const CHAT_MODULES = ['chat', 'feed', 'sync', 'tree', 'outbox', 'session', 'thread', 'span', 'message', 'pace', 'words', 'md', 'md-tokens', 'hl', '../vendor/marked.esm'];
const IDEAS = ['idea1', 'idea2', 'idea3', 'idea4'];

const page = {
	config: {}, push: null, pushSince: performance.now(), reachable: true,
	id: null, gone: null, chats: null, loading: null, composer: null, sidebar: null, unread: 0,
};

/* --- which chat is open --------------------------------------------------------------------------------------------------- */

function chatInUrl() {
	const id = new URLSearchParams(location.hash.slice(1)).get('c') ?? (location.hash ? null : new URLSearchParams(location.search).get('chat')) ?? '';
	return /^(new:)?[A-Za-z0-9_\-=@,.;]{1,128}$/.test(id) ? id : null;
}

const cleanUrl = () => location.pathname;

function route() {
	const token = new URLSearchParams(location.hash.slice(1)).get('join');
	if (token) {
		history.replaceState(null, '', cleanUrl());      // an invitation stays out of the history
		openChat(null);
		dialogs().then(({ showInvitation }) => showInvitation(token, page, { onJoined: (id) => { location.hash = hrefOf(id); } }));
		return;
	}
	const id = chatInUrl();
	if (id && store.isNew(id) && !store.unsent().some((e) => e.chat === id)) {
		const now = page.moved?.get(id) ?? null;         // the address of then is in the history
		history.replaceState(null, '', now === null ? cleanUrl() : hrefOf(now));
		openChat(now);
		return;
	}
	openChat(id);
}

/** null: a new chat that is nowhere yet. */
function openChat(id) {
	page.gone = null;
	page.id = id;
	if (id !== null || page.chats)
		withChats((chats) => { chats.open(page.id); showState(); });
	page.composer.open(id ?? 'new');
	page.sidebar.show(id);
	showTitle();
	showState();
}

function newChat() {
	if (location.hash || location.search)
		history.pushState(null, '', cleanUrl());
	openChat(null);
	page.composer.focus();
}

/** What shows chats is loaded once; without it (no network) the page says so and tries again. */
function withChats(use) {
	if (!page.loading)
		document.head.append(...CHAT_MODULES.map((name) => h('link', { rel: 'modulepreload', href: `js/${name}.js` })));
	page.loading ??= Promise.all([import('./chat.js'), page.ready, session()]).then(([{ openChats }]) => openChats({
		list: $('thread'), scroller: $('scroll'), button: $('down'), more: $('more'), live: $('live'),
	}, page.push, {
		contact: onContact,
		chat: (id, fields) => onChat(id, fields),
		moved: (from, chat) => onMoved(from, String(chat.chatId)),
		discarded: onDiscarded,
		gone: onGone,
		state: showState,
		told: showWriters,
		loaded: onLoaded,
		ended: onEnded,
		failed: (error) => toast({ t: errorKey(error), vars: { s: error.retryAfter ?? 0 }, bad: true }),
	})).then((chats) => { page.chats = chats; return chats; });
	page.loading.then(use, () => {
		page.loading = null;
		onContact({ status: 0 });
		setTimeout(() => withChats(use), CONFIG_RETRY_MS);
	});
}

function send(text) {
	if (page.id === null) {
		page.id = store.NEW + store.randomId();
		history.pushState(null, '', hrefOf(page.id));
		page.composer.open(page.id);
		store.setDraft('new', '');
		page.sidebar.put(page.id, { title: store.titleOf(text) });
		page.sidebar.show(page.id);
		showTitle();
	}
	const entry = { chat: page.id, key: store.randomId(), text, at: Date.now() };
	store.putUnsent(entry);                              // before anything can fail
	withChats((chats) => {
		if (page.id === entry.chat)
			chats.open(entry.chat);
		chats.send(entry);
	});
}

/** The server has made a chat that was only here. */
function onMoved(from, to) {
	page.moved ??= new Map();
	page.moved.set(from, to);
	page.sidebar.rename(from, to);
	if (page.id !== from)
		return;
	page.id = to;
	history.replaceState(null, '', hrefOf(to));
	page.composer.rename(to);
	page.sidebar.show(to);
}

/** Nothing is left of a chat that was only here; what is being written stays. */
function onDiscarded(id) {
	page.sidebar.drop(id);
	if (page.id !== id)
		return;
	page.composer.rename('new');
	history.replaceState(null, '', cleanUrl());
	openChat(null);
	page.composer.focus();
}

function onChat(id, { title, touched }) {
	page.sidebar.put(id, { title, touched });
	if (id === page.id)
		showTitle();
}

/** A chat that came by its link, and is in no list. */
async function onLoaded(id, isEmpty) {
	if (isEmpty || page.sidebar.title(id) !== '')
		return;
	const chat = await getChat(id).catch(() => null);
	if (chat)
		onChat(id, { title: chat.title || t('new_chat') });
}

function onGone(error) {
	page.gone = error;
	if (error.status !== 401) {
		page.sidebar.drop(page.id);
		showTitle();
	}
	const away = error.status === 401 ? ['gone_401', 'gone_401_sub'] : ['gone', 'gone_sub'];
	$('card').replaceChildren(h('h2', { t: away[0] }), h('p', { t: away[1] }),
		h('button', { class: 'btn', type: 'button', t: 'new_chat', on: { click: newChat } }));
	showState();
}

/** A reply has ended while nobody looks: the tab's title says so. */
function onEnded() {
	if (document.hidden)
		page.unread++;
	showTitle();
}

function showTitle() {
	const title = page.id === null ? '' : page.sidebar.title(page.id);
	const heading = $('title');
	delete heading.dataset.t;
	if (title)
		heading.textContent = title;
	else
		label(heading, { t: 'new_chat' });
	const name = title ? `${title} · ${appName()}` : appName();
	document.title = page.unread > 0 ? `(${page.unread}) ${name}` : name;
}

const appName = () => page.config.appName || 'Charla';

/* --- what the frame shows of the chat ---------------------------------------------------------------------------------------- */

/** The invitation only once we know that nothing is there; a skeleton only when that takes a while. */
function showState() {
	const { chats, id, gone } = page;
	const isEmpty = id === null || (Boolean(chats) && chats.id === id && chats.empty);
	const isLoading = id !== null && !gone && (!chats || chats.id !== id || (chats.empty && !chats.loaded));
	$('empty').hidden = !isEmpty || isLoading || Boolean(gone);
	$('card').hidden = !gone;
	$('thread').hidden = Boolean(gone);
	$('dock').hidden = Boolean(gone);
	$('chatmenu').hidden = id === null || store.isNew(id) || Boolean(gone);
	clearTimeout(showState.timer);
	if (!isLoading)
		$('loading').hidden = true;
	else if ($('loading').hidden)
		showState.timer = setTimeout(() => { $('loading').hidden = false; }, LOADING_AFTER_MS);
	page.composer.setRunning(Boolean(chats && chats.id === id && chats.running));
	showPeople();
}

function showPeople() {
	const { chats, id } = page;
	const button = $('people');
	button.hidden = id === null || store.isNew(id) || Boolean(page.gone) || !chats;
	if (button.hidden)
		return;
	const others = chats.people.filter((p) => !p.me);
	const key = others.map((p) => p.name).join('\n');
	if (button.dataset.key === key && button.firstChild)
		return;
	button.dataset.key = key;
	const faces = others.slice(0, 3).map((p) => h('span', { class: 'face' }, initials(p.name)));
	button.replaceChildren(...(faces.length > 0 ? faces : [icon('people')]), ...(others.length > 3 ? [h('span', { class: 'face' }, `+${others.length - 3}`)] : []));
	label(button, others.length > 0
		? { ta: 'people_here', tt: 'people_here', vars: { n: others.length, names: others.map((p) => p.name || t('guest')).join(', ') } }
		: { ta: 'invite', tt: 'invite' });
}

function showWriters(names) {
	const line = $('typing');
	line.hidden = names.length === 0;
	if (names.length > 0)
		label(line, { t: 'typing', vars: { n: names.length, names: names.map((n) => n || t('guest')).join(', ') } });
}

/* --- the connection ---------------------------------------------------------------------------------------------------------- */

function onContact(error) {
	const reachable = !error || (error.status > 0 && !(error.status >= 502 && error.status <= 504));
	if (reachable && !page.reachable)
		page.chats?.flush();
	page.reachable = reachable;
	showConnection();
}

function onPushState() {
	page.pushSince = performance.now();
	page.chats?.onPush();
	showConnection();
	setTimeout(showConnection, PATIENCE_MS + 1);
}

let bannerTimer = 0;

function showConnection() {
	const push = page.push?.state ?? 'connecting';
	const state = connectionState({ online: navigator.onLine, reachable: page.reachable, push, since: performance.now() - page.pushSince });
	const pill = $('conn');
	if (pill.dataset.s === state)
		return;
	pill.dataset.s = state;
	label(pill, { tt: `why_${state}` });
	label(pill.lastElementChild, { t: `conn_${state}` });
	clearTimeout(bannerTimer);
	const banner = () => {
		$('banner').hidden = !WITH_BANNER.has(state);
		if (WITH_BANNER.has(state))
			label($('banner').lastElementChild, { t: `ban_${state}` });
	};
	if (WITH_BANNER.has(state) && state !== 'offline' && $('banner').hidden)
		bannerTimer = setTimeout(banner, BANNER_AFTER_MS);
	else
		banner();
}

/* --- the frame ---------------------------------------------------------------------------------------------------------------- */

/* Loaded when first needed; whatever learns who we are is heard here. */
const session = () => import('./session.js').then(({ onMe }) => onMe(showName));
const dialogs = () => Promise.all([import('./dialogs.js'), session()]).then(([module]) => module);

function makeFrame() {
	drawIcons();
	page.composer = new Composer({
		form: $('form'), input: $('input'), button: $('send'), hint: $('hint'), count: $('count'),
		on: {
			send,
			stop: () => page.chats?.stop(),
			editLast: () => page.chats?.id === page.id && page.id !== null && page.chats.editLast(),
			writing: () => withChats((chats) => chats.tell()),
		},
	});
	page.sidebar = new Sidebar({ create: newChat, deleted: newChat, contact: onContact, renamed: showTitle });
	$('ideas').replaceChildren(...IDEAS.map((idea) => h('li', {},
		h('button', { type: 'button', on: { click: () => page.composer.offer(t(`${idea}_text`)) } },
			h('b', { t: idea }), h('span', { t: `${idea}_sub` })))));
	document.querySelector('.skip').addEventListener('click', (e) => { e.preventDefault(); $('input').focus(); });
	$('chatmenu').addEventListener('click', () => openMenu($('chatmenu'), page.sidebar.actions(page.id)));
	const settings = () => dialogs().then(({ showSettings }) => showSettings(page, { onTheme: showTheme, onLeft: () => location.assign(cleanUrl()) }));
	$('settings').addEventListener('click', settings);
	$('account').addEventListener('click', settings);
	$('people').addEventListener('click', () => dialogs().then(({ showPeople: show }) => show(page, { onLeft: newChat })));
	makeThemeButton();
	makeLanguageChoice();
	matchScrollbar();
	addEventListener('keydown', onShortcut);
	showName(null);
}

function showName(name) {
	if (name) {
		delete $('name').dataset.t;
		$('name').textContent = name;
		$('face').replaceChildren(initials(name));
	} else {
		label($('name'), { t: 'account' });
		$('face').replaceChildren(icon('people'));
	}
}

function onShortcut(e) {
	const mod = e.ctrlKey || e.metaKey;
	const isWriting = e.target.closest?.('input,textarea,select,[contenteditable]');
	if (isComposing(e) || document.querySelector('dialog[open]'))
		return;
	if (mod && !e.shiftKey && e.key.toLowerCase() === 'k') {
		e.preventDefault();
		page.sidebar.focusSearch();
	} else if (mod && e.shiftKey && e.key.toLowerCase() === 'o') {
		e.preventDefault();
		newChat();
	} else if (e.key === 'Escape' && page.chats?.running && page.chats.id === page.id) {
		e.preventDefault();
		page.chats.stop();
	} else if (e.key === '?' && !isWriting && !mod) {
		e.preventDefault();
		dialogs().then(({ showKeys }) => showKeys());
	}
}

function showTheme() {
	const key = document.documentElement.dataset.theme === 'dark' ? 'theme_light' : 'theme_dark';
	$('theme').replaceChildren(icon(key === 'theme_light' ? 'sun' : 'moon'));
	label($('theme'), { ta: key, tt: key });
}

function makeThemeButton() {
	const root = document.documentElement;
	$('theme').addEventListener('click', () => store.storeTheme(root.dataset.theme === 'dark' ? 'light' : 'dark'));
	new MutationObserver(showTheme).observe(root, { attributeFilter: ['data-theme'] });
	showTheme();
}

function makeLanguageChoice() {
	const choice = $('lang');
	choice.replaceChildren(...Object.entries(LANGUAGES).map(([value, name]) => h('option', { value }, name)));
	choice.value = document.documentElement.lang;
	choice.addEventListener('change', () => {
		store.storeLanguage(choice.value);
		setLanguage(choice.value);
	});
	document.addEventListener('charla:language', () => { choice.value = document.documentElement.lang; showTitle(); });
}

/** The composer's centre is the thread's, whatever the scrollbar takes. */
function matchScrollbar() {
	const set = () => document.documentElement.style.setProperty('--scrollbar', `${$('scroll').offsetWidth - $('scroll').clientWidth}px`);
	addEventListener('resize', set);
	set();
}

/* --- start ------------------------------------------------------------------------------------------------------------------------ */

function applyConfig(config) {
	page.config = config;
	for (const el of document.querySelectorAll('[data-app]'))
		el.textContent = appName();
	$('demo').hidden = !config.demo;
	page.composer.setLimit(config.limits?.messageBytes ?? Infinity);
	showTitle();
}

/** Without an answer the page goes on as it can (polling), and asks again. */
async function loadConfig() {
	for (;;) {
		try {
			return await getConfig();
		} catch (e) {
			onContact(e);
			if (e.status > 0 && e.status < 500 && e.status !== 429)
				return {};
			await new Promise((done) => setTimeout(done, CONFIG_RETRY_MS));
		}
	}
}

async function start() {
	const config = loadConfig();
	setLanguage(document.documentElement.lang);
	makeFrame();
	showConnection();
	page.ready = config.then((c) => {
		applyConfig(c);
		onContact(null);
		page.push = new Push(c.push, onPushState);
		onPushState();
	});
	addEventListener('hashchange', route);
	addEventListener('popstate', route);
	addEventListener('online', () => { showConnection(); page.chats?.flush(); });
	addEventListener('offline', showConnection);
	document.addEventListener('visibilitychange', () => {
		if (document.hidden)
			return;
		page.unread = 0;
		showTitle();
		page.sidebar.refresh();
	});
	route();
	if (store.unsent().length > 0)
		withChats((chats) => chats.flush());
	await page.ready;
	page.sidebar.refresh().then(showTitle);
	if (matchMedia('(hover: hover)').matches && !document.querySelector('dialog[open]'))
		page.composer.focus();
	document.documentElement.dataset.ready = '';
}

start();
