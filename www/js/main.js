/*
 * main.js - starts the page and wires its parts: one chat at a time (its id in the URL's fragment), one connection for all.
 */
import { ApiError, getConfig, sendMessage } from './api.js';
import { Composer } from './composer.js';
import { $, h } from './dom.js';
import { Feed } from './feed.js';
import { LANGUAGES, label, pickLanguage, setLanguage, t } from './i18n.js';
import { Outbox } from './outbox.js';
import { PlainText } from './plain.js';
import { Push } from './push.js';
import { Sidebar } from './sidebar.js';
import { BANNER_AFTER_MS, PATIENCE_MS, WITH_BANNER, connectionState } from './status.js';
import * as store from './store.js';
import { Thread } from './thread.js';

const LOADING_AFTER_MS = 300, CONFIG_RETRY_MS = 3000, COUNTDOWN_MS = 1000;
const IDEAS = ['idea1', 'idea2', 'idea3', 'idea4'];

const page = {
	config: null, push: null, pushSince: performance.now(), reachable: true,
	chatId: null, made: null, title: '', feed: null, outbox: null, thread: null, composer: null, sidebar: null,
};

/* --- the chat that is open --------------------------------------------------------------------------------------------- */

function chatInUrl() {
	const id = new URLSearchParams(location.hash.slice(1)).get('c') ?? '';
	return /^[A-Za-z0-9_\-=@,.;]{1,128}$/.test(id) ? id : null;
}

const hashOf = (id) => `#c=${encodeURIComponent(id)}`;

function makeChat() {
	page.made = store.newChatId();
	return page.made;
}

function openChat(id) {
	if (id === page.chatId)
		return;
	page.feed?.close();
	page.outbox?.close();
	page.chatId = id;
	page.thread.clear();
	page.outbox = makeOutbox(id);
	page.outbox.load(store.unsent(id));
	page.feed = new Feed(id, page.push, { view: onAction, onContact, onLoaded: showEmptiness, fresh: id === page.made });
	page.composer.open(id);
	setTitle(store.chats().find((c) => c.id === id)?.title ?? '');
	page.sidebar.show(id);
	showEmptiness();
}

function makeOutbox(id) {
	return new Outbox({
		send: (text, key) => sendMessage(id, text, key),
		save: (entries) => store.setUnsent(id, entries),
		onChange: (entry) => { page.thread.putUnsent(entry); onContact(entry.error ?? null); },
		onSent: (entry, receipt) => {
			onContact(null);
			page.thread.adopt(entry.key, receipt.messageId);
			page.feed.sent(receipt, entry.text);
		},
	});
}

function send(text) {
	store.rememberChat(page.chatId, page.title || store.titleOf(text));
	setTitle(page.title || store.titleOf(text));
	page.sidebar.show(page.chatId);
	page.thread.follow(true);
	page.outbox.add(store.randomId(), text);
	showEmptiness();
}

function onAction(action) {
	if (action.do === 'title') {
		store.renameChat(page.chatId, action.title);
		setTitle(action.title);
		page.sidebar.show(page.chatId);
		return;
	}
	if (action.do === 'put' && action.message.role === 'user' && !page.thread.has(action.message.id))
		adoptTwin(action.message);
	page.thread.apply(action);
	if (action.do === 'order')
		onOrder(action.ids);
}

/** Our own message can come by push before the answer to our POST does. */
function adoptTwin({ id, content }) {
	const twin = page.outbox.entries.find((e) => e.state === 'sending' && e.text === content);
	if (twin)
		page.thread.adopt(twin.key, id);
}

/** A chat that was opened by its link gets its title from its first question. */
function onOrder(ids) {
	showEmptiness();
	const first = page.feed?.sync.messages.get(ids.find((id) => page.feed.sync.messages.get(id)?.role === 'user'));
	if (!first || page.title)
		return;
	setTitle(store.titleOf(first.content));
	store.rememberChat(page.chatId, page.title);
	page.sidebar.show(page.chatId);
}

function setTitle(title) {
	page.title = title;
	const heading = $('title');
	delete heading.dataset.t;
	if (title)
		heading.textContent = title;
	else
		label(heading, { t: 'new_chat' });
	document.title = title ? `${title} · ${appName()}` : appName();
}

const appName = () => page.config?.appName || 'Charla';

/** The invitation only once we know that nothing is there; a skeleton only when that takes a while. */
function showEmptiness() {
	const { thread, feed } = page;
	$('empty').hidden = !(thread.empty && feed?.loaded);
	clearTimeout(showEmptiness.timer);
	$('loading').hidden = true;
	if (thread.empty && !feed?.loaded)
		showEmptiness.timer = setTimeout(() => { $('loading').hidden = !(page.thread.empty && !page.feed.loaded); }, LOADING_AFTER_MS);
}

/* --- the connection ---------------------------------------------------------------------------------------------------- */

function onContact(error) {
	const reachable = !error || (error.status > 0 && error.status < 502);
	if (reachable && !page.reachable)
		page.outbox?.flush();
	page.reachable = reachable;
	showConnection();
}

function onPushState() {
	page.pushSince = performance.now();
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

/* --- the frame ------------------------------------------------------------------------------------------------------------ */

function makeFrame() {
	page.thread = new Thread({
		list: $('thread'), scroller: $('scroll'), button: $('down'), Markdown: page.Markdown,
		on: {
			retry: (key) => page.outbox.retry(key),
			discard: (key) => { page.thread.dropUnsent(key); page.outbox.discard(key); showEmptiness(); },
			askAgain: (text) => text && send(text),
			announce: (key) => label($('live'), { t: key }),
		},
	});
	page.composer = new Composer({ form: $('form'), input: $('input'), button: $('send'), hint: $('hint'), count: $('count'), onSend: send });
	page.sidebar = new Sidebar({
		create: () => { location.hash = hashOf(makeChat()); $('input').focus(); },
		forget: (id) => { store.forgetChat(id); page.sidebar.show(page.chatId); if (id === page.chatId) location.hash = hashOf(makeChat()); },
	});
	$('ideas').replaceChildren(...IDEAS.map((idea) => h('li', {},
		h('button', { type: 'button', on: { click: () => page.composer.offer(t(`${idea}_text`)) } },
			h('b', { t: idea }), h('span', { t: `${idea}_sub` })))));
	document.querySelector('.skip').addEventListener('click', (e) => { e.preventDefault(); $('input').focus(); });
	makeThemeButton();
	makeLanguageChoice();
	matchScrollbar();
}

function makeThemeButton() {
	const button = $('theme');
	const root = document.documentElement;
	const show = () => label(button, { ta: root.dataset.theme === 'dark' ? 'theme_light' : 'theme_dark', tt: root.dataset.theme === 'dark' ? 'theme_light' : 'theme_dark' });
	button.addEventListener('click', () => {
		root.dataset.theme = root.dataset.theme === 'dark' ? 'light' : 'dark';
		store.storeTheme(root.dataset.theme);
	});
	new MutationObserver(show).observe(root, { attributeFilter: ['data-theme'] });
	show();
}

function makeLanguageChoice() {
	const choice = $('lang');
	choice.replaceChildren(...Object.entries(LANGUAGES).map(([value, name]) => h('option', { value }, name)));
	choice.value = document.documentElement.lang;
	choice.addEventListener('change', () => {
		store.storeLanguage(choice.value);
		setLanguage(choice.value);
	});
}

/** The composer's centre is the thread's, whatever the scrollbar takes. */
function matchScrollbar() {
	const set = () => document.documentElement.style.setProperty('--scrollbar', `${$('scroll').offsetWidth - $('scroll').clientWidth}px`);
	addEventListener('resize', set);
	set();
}

/* --- start -------------------------------------------------------------------------------------------------------------------- */

function applyConfig(config) {
	page.config = config;
	for (const el of document.querySelectorAll('[data-app]'))
		el.textContent = appName();
	$('demo').hidden = !config.demo;
	page.composer.setLimit(config.limits?.messageBytes ?? Infinity);
	setTitle(page.title);
}

/** Without an answer the page goes on as it can (polling), and asks again. */
async function loadConfig() {
	for (;;) {
		try {
			return await getConfig();
		} catch (e) {
			onContact(e instanceof ApiError ? e : null);
			if (e.status > 0 && e.status < 500)
				return {};
			await new Promise((done) => setTimeout(done, CONFIG_RETRY_MS));
		}
	}
}

async function start() {
	setLanguage(pickLanguage(store.storedLanguage(), navigator.languages ?? []));
	const config = loadConfig();
	page.Markdown = await import('./md.js').then((m) => m.StreamMarkdown, () => PlainText);   // no www/vendor: plain text
	makeFrame();
	page.sidebar.show(chatInUrl());
	showConnection();
	applyConfig(await config);
	onContact(null);
	page.push = new Push(page.config.push, onPushState);
	onPushState();
	addEventListener('hashchange', route);
	addEventListener('online', () => { showConnection(); page.outbox?.flush(); });
	addEventListener('offline', showConnection);
	setInterval(() => page.outbox?.entries.filter((e) => e.state === 'waiting' && e.error).forEach((e) => page.thread.putUnsent(e)), COUNTDOWN_MS);
	route();
	document.documentElement.dataset.ready = '';
}

function route() {
	if (!chatInUrl())
		history.replaceState(null, '', hashOf(makeChat()));
	openChat(chatInUrl());
}

start();
