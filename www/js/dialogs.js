/*
 * dialogs.js - settings, the people of a chat, an invitation, the keys. Loaded when one is asked for; the browser keeps the
 * focus inside and gives it back.
 */
import * as api from './api.js';
import { $, h, iconButton, initials, toast } from './dom.js';
import { LANGUAGES, errorKey, label, language, setLanguage, t } from './i18n.js';
import { hrefOf } from './sidebar.js';
import { showCopied } from './message.js';
import { askMe, leave, me, rename, withSession } from './session.js';
import * as store from './store.js';

const NAME_MAX = 40, PERSONA_MAX = 4000;

function open(title, ...children) {
	const heading = h('h2', { id: 'dialog-title', t: title });
	const box = h('dialog', { 'aria-labelledby': 'dialog-title' },
		h('header', {}, heading, iconButton('close', 'close', () => box.close())), ...children);
	box.addEventListener('close', () => {
		if (box.contains($('toasts')))
			document.body.append($('toasts'));
		box.remove();
	});
	box.addEventListener('click', (e) => { if (e.target === box) box.close(); });
	document.body.append(box);
	box.showModal();
	return box;
}

const failed = (e) => toast({ t: errorKey(e), bad: true });

/** What a button does, not begun again while it runs. What goes wrong is told. */
function once(work) {
	let runs = null;
	return () => { runs ??= work().catch(failed).finally(() => { runs = null; }); };
}

let fieldCount = 0;

function field(key, control, hint) {
	control.id = `field-${++fieldCount}`;
	const help = hint && h('p', { class: 'quiet', id: `${control.id}-help`, t: hint });
	if (help)
		control.setAttribute('aria-describedby', help.id);
	return h('div', { class: 'field' }, h('label', { htmlFor: control.id, t: key }), control, help);
}

const select = (options, value, onChange) => {
	const el = h('select', { on: { change: () => onChange(el.value) } }, ...options.map(([v, words]) => h('option', { value: v, ...(words.t ? { t: words.t } : {}) }, words.text)));
	el.value = value;
	return el;
};

/* --- settings ------------------------------------------------------------------------------------------------------------- */

export async function showSettings(page, { onTheme, onLeft }) {
	const name = h('input', { dir: 'auto', maxLength: NAME_MAX, autocomplete: 'nickname', value: me()?.name ?? '', tp: 'name_hint' });
	const persona = h('textarea', { dir: 'auto', rows: 3, maxLength: PERSONA_MAX, value: store.wishes().persona ?? '', tp: 'persona_hint' });
	const used = h('p', { class: 'quiet', t: 'usage_none' });
	const forgetMe = h('button', { class: 'btn danger', type: 'button', t: 'forget_me', hidden: true });
	const models = page.config.models ?? [];
	const form = h('form', { method: 'dialog' },
		field('your_name', name, 'your_name_sub'),
		h('div', { class: 'pair' },
			field('language', select(Object.entries(LANGUAGES).map(([v, text]) => [v, { text }]), language, (v) => { store.storeLanguage(v); setLanguage(v); })),
			field('theme', select([['', { t: 'theme_system' }], ['light', { t: 'theme_is_light' }], ['dark', { t: 'theme_is_dark' }]], store.storedTheme() ?? '', (v) => { store.storeTheme(v || null); onTheme(); }))),
		models.length > 1 && field('model', select([['', { t: 'model_default' }], ...models.map((m) => [m, { text: m }])], store.wishes().model ?? '', (v) => store.setWish('model', v)), 'model_sub'),
		field('persona', persona, 'persona_sub'),
		h('p', { class: 'row' }, used),
		h('div', { class: 'buttons' }, forgetMe, h('span', { class: 'gap' }), h('button', { class: 'btn keysbtn', type: 'button', t: 'keys_title', on: { click: () => { box.close(); showKeys(); } } }), h('button', { class: 'btn go', t: 'done' })));
	const box = open('settings', form);
	const keepName = async () => {
		const wanted = name.value.trim();
		if (wanted === (me()?.name ?? ''))
			return;
		await rename(wanted || null).catch(failed);
	};
	name.addEventListener('change', keepName);
	persona.addEventListener('change', () => store.setWish('persona', persona.value.trim()));
	forgetMe.addEventListener('click', async () => {
		if (!forgetMe.dataset.sure) {
			forgetMe.dataset.sure = '1';
			label(forgetMe, { t: 'forget_me_sure' });
			return;
		}
		await leave().then(() => { store.forgetAll(); onLeft(); }, failed);
	});
	form.addEventListener('submit', keepName);
	const [who, usage] = await Promise.all([askMe().catch(() => null), api.getUsage().catch(() => null)]);
	if (who) {
		if (document.activeElement !== name)
			name.value = who.name ?? '';
		forgetMe.hidden = who.kind !== 'session';
	}
	if (usage?.today)
		label(used, { t: 'usage_today', vars: { n: usage.today.requests, tokens: usage.today.totalTokens } });
}

/* --- the people of a chat ----------------------------------------------------------------------------------------------------- */

const faceOf = (name) => [h('span', { class: 'face', 'aria-hidden': 'true' }, initials(name)), name ? h('bdi', {}, name) : h('bdi', { t: 'guest' })];

export async function showPeople(page, { onLeft }) {
	const { id, chats } = page;
	const here = h('ul', { class: 'plist' }, ...chats.people.map((p) => h('li', {}, ...faceOf(p.me ? me()?.name ?? p.name : p.name), p.me && h('span', { class: 'quiet', t: 'you' }))));
	const rest = h('div');
	const box = open('people', h('h3', { t: 'here_now' }), chats.people.length > 0 ? here : h('p', { class: 'quiet', t: 'nobody_here' }), rest);
	let chat;
	try {
		chat = await api.getChat(id);
	} catch (e) {
		rest.append(h('p', { class: 'sendnote bad', role: 'alert', t: errorKey(e) }));
		return;
	}
	if (chat.visibility === 'open')
		rest.append(h('h3', { t: 'share' }), linkRow(new URL(hrefOf(id), location.href.split(/[?#]/)[0]).href), h('p', { class: 'quiet', t: 'open_link_sub' }));
	else
		rest.append(await membersOf(id, chat, box, onLeft));
}

async function membersOf(id, chat, box, onLeft) {
	const isOwner = chat.access === 'owner';
	const list = h('ul', { class: 'plist' });
	const draw = async () => {
		const { members } = await api.getMembers(id);
		list.replaceChildren(...members.map((m) => {
			const remove = !m.you && isOwner && h('button', { class: 'link', type: 'button', t: 'remove', on: { click: once(() => api.removeMember(id, m.id).then(draw)) } });
			const go = m.you && !isOwner && h('button', { class: 'link', type: 'button', t: 'leave', on: { click: once(() => api.removeMember(id, m.id).then(() => { box.close(); onLeft(); })) } });
			return h('li', {}, ...faceOf(m.name),
				h('span', { class: 'quiet', t: m.you ? 'you' : m.role === 'owner' ? 'owner' : 'member' }), remove, go);
		}));
	};
	await draw().catch(failed);
	const out = h('div', {}, h('h3', { t: 'members' }), list);
	if (isOwner) {
		const link = h('div');
		const end = h('button', { class: 'btn', type: 'button', t: 'stop_sharing', on: { click: once(() => api.stopSharing(id).then(() => { link.replaceChildren(); toast({ t: 'sharing_ended' }); return draw(); })) } });
		out.append(h('h3', { t: 'invite' }), h('p', { class: 'quiet', t: 'invite_sub' }), link,
			h('div', { class: 'buttons' }, end, h('span', { class: 'gap' }), h('button', { class: 'btn go', type: 'button', t: 'make_link', on: { click: once(async () => {
				const { token } = await api.inviteTo(id);
				link.replaceChildren(linkRow(new URL(`#join=${encodeURIComponent(token)}`, location.href.split(/[?#]/)[0]).href));
				link.querySelector('button').focus();
			}) } })));
	}
	return out;
}

function linkRow(url) {
	const box = h('input', { class: 'url', readOnly: true, value: url, ta: 'link', on: { focus: () => box.select() } });
	const copy = h('button', { class: 'btn', type: 'button', t: 'copy', on: { click: () => showCopied(copy, url) } });
	return h('div', { class: 'linkrow' }, box, copy);
}

/* --- an invitation ------------------------------------------------------------------------------------------------------------- */

export async function showInvitation(token, page, { onJoined }) {
	const name = h('input', { dir: 'auto', maxLength: NAME_MAX, autocomplete: 'nickname', tp: 'name_hint' });
	const error = h('p', { class: 'sendnote bad', role: 'alert', hidden: true });
	const join = h('button', { class: 'btn go', t: 'join' });
	const form = h('form', {}, h('p', { t: 'invited_sub', vars: { app: page.config.appName ?? 'Charla' } }), field('your_name', name, 'your_name_sub'), error,
		h('div', { class: 'buttons' }, h('span', { class: 'gap' }), join));
	const box = open('invited', form);
	name.focus();
	form.addEventListener('submit', async (e) => {
		e.preventDefault();
		join.disabled = true;
		try {
			if (name.value.trim())
				await rename(name.value.trim());
			const { chatId, title } = await withSession(() => api.joinChat(token));
			page.sidebar.put(String(chatId), { title: title || t('new_chat'), touched: true });
			box.close();
			onJoined(String(chatId));
		} catch (problem) {
			error.hidden = false;
			label(error, { t: problem.status === 404 ? 'err_invitation_void' : errorKey(problem) });
			join.disabled = false;
		}
	});
	const who = await askMe().catch(() => null);
	if (who?.name && name.value === '')
		name.value = who.name;
}

/* --- the keys ------------------------------------------------------------------------------------------------------------------- */

const KEYS = [
	[['key_enter'], 'key_send'], [['key_shift', 'key_enter'], 'key_line'], [['key_esc'], 'key_stop'], [['↑'], 'key_edit'],
	[['key_ctrl', 'K'], 'key_search'], [['key_ctrl', 'key_shift', 'O'], 'key_new'], [['?'], 'key_help'],
];

export function showKeys() {
	const isKey = (name) => name.startsWith('key_');
	open('keys_title', h('dl', { class: 'keylist' }, ...KEYS.flatMap(([keys, what]) => [
		h('dt', {}, ...keys.map((name) => h('kbd', isKey(name) ? { t: name } : {}, isKey(name) ? '' : name))),
		h('dd', { t: what }),
	])));
}
