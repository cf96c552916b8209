/*
 * dom.js - makes elements. Text only ever enters as text nodes: the page's CSP forbids parsing HTML (trusted types).
 */
import { label } from './i18n.js';

const SVG = 'http://www.w3.org/2000/svg';
const TOAST_MS = 6000;

export const ICONS = {
	again: 'M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6',
	alert: 'M12 8v5M12 16.5v.5M12 3l9.5 17h-19z',
	chat: 'M4 5h16v11H9l-5 4zM8 9h8M8 12.5h5',
	check: 'M5 13l4 4L19 7',
	close: 'M6 6l12 12M18 6L6 18',
	copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
	down: 'M12 5v14M6 13l6 6 6-6',
	download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
	edit: 'M4 20l1-5L16 4l4 4L9 19zM14 6l4 4',
	flask: 'M9 3h6M10 3v6l-5.5 9.5A1.7 1.7 0 0 0 6 21h12a1.7 1.7 0 0 0 1.5-2.5L14 9V3M7.5 14h9',
	gear: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5',
	info: 'M12 11v6M12 7.5v.5M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z',
	left: 'M15 5l-7 7 7 7',
	link: 'M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 6 6l1-1',
	menu: 'M4 7h16M4 12h16M4 17h16',
	moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z',
	more: 'M5 11.5a.5.5 0 1 0 0 1 .5.5 0 1 0 0-1M12 11.5a.5.5 0 1 0 0 1 .5.5 0 1 0 0-1M19 11.5a.5.5 0 1 0 0 1 .5.5 0 1 0 0-1',
	people: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c0-4 3-6 6.5-6s6.5 2 6.5 6M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14.5c2.3.8 3.5 2.7 3.5 5.5',
	plus: 'M12 5v14M5 12h14',
	right: 'M9 5l7 7-7 7',
	search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4.5 4.5',
	send: 'M12 19V5M6 11l6-6 6 6',
	spark: 'M12 3l1.9 7.1L21 12l-7.1 1.9L12 21l-1.9-7.1L3 12l7.1-1.9z',
	stop: 'M7 7h10v10H7z',
	sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4',
	trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
};

export const $ = (id) => document.getElementById(id);

export function icon(name) {
	const svg = document.createElementNS(SVG, 'svg');
	svg.setAttribute('viewBox', '0 0 24 24');
	svg.setAttribute('aria-hidden', 'true');
	const path = document.createElementNS(SVG, 'path');
	path.setAttribute('d', ICONS[name]);
	svg.append(path);
	return svg;
}

/**
 * h('button', {class: 'btn', t: 'retry', on: {click}}, child, …). Props: class, t (text by i18n key), ta (aria-label by
 * key), tp (placeholder by key), tt (title by key), vars (for them), on (listeners), data (dataset); anything else is a property if the element
 * has one, else an attribute. Children: nodes or strings; null and false are skipped.
 */
export function h(tag, props = {}, ...children) {
	const el = document.createElement(tag);
	const { class: cls, t, ta, tp, tt, vars, on, data, ...rest } = props;
	if (cls)
		el.className = cls;
	for (const [key, value] of Object.entries(rest))
		if (key in el)
			el[key] = value;
		else
			el.setAttribute(key, value);
	Object.assign(el.dataset, data);
	for (const [type, handler] of Object.entries(on ?? {}))
		el.addEventListener(type, handler);
	el.append(...children.filter((c) => c !== null && c !== undefined && c !== false));
	if (t || ta || tp || tt)
		label(el, { t, ta, tp, tt, vars });
	return el;
}

export function iconButton(name, key, onClick, cls = 'ico') {
	return h('button', { class: cls, type: 'button', ta: key, tt: key, on: { click: onClick } }, icon(name));
}

/** Of a name: two letters at most, never half of one. */
export const initials = (name) => (name || '?').trim().split(/\s+/).slice(0, 2).map((word) => [...word][0]).join('').toUpperCase();

/** Works on plain http too, where navigator.clipboard does not exist. */
export async function copyText(text) {
	if (navigator.clipboard) {
		try {
			await navigator.clipboard.writeText(text);
			return true;
		} catch { /* not allowed: the old way below */ }
	}
	const back = document.activeElement;
	const box = h('textarea', { class: 'vh', value: text, readOnly: true });
	document.body.append(box);
	box.select();
	const done = document.execCommand('copy');
	box.remove();
	back?.focus();
	return done;
}

/** Elements that name an icon (data-i) get it. */
export function drawIcons(root = document) {
	for (const el of root.querySelectorAll('[data-i]'))
		el.prepend(icon(el.dataset.i));
}

/** A word that goes by itself; with action {t, run} there is something to press as long as it stands. */
export function toast(words, action, ms = TOAST_MS) {
	const box = h('div', { class: 'toast', role: words.bad ? 'alert' : 'status' }, h('span', words));
	const end = () => { clearTimeout(timer); box.remove(); };
	if (action)
		box.append(h('button', { class: 'link', type: 'button', t: action.t, on: { click: () => { end(); action.run(); } } }));
	$('toasts').replaceChildren(box);
	(document.querySelector('dialog[open]') ?? document.body).append($('toasts'));      // what is outside of a dialog is not heard
	let timer = setTimeout(end, ms);
	box.addEventListener('focusin', () => clearTimeout(timer));
	box.addEventListener('focusout', () => { timer = setTimeout(end, ms); });
	return end;
}

const menus = new WeakMap();       // button -> closes its menu

/** A menu under a button, whose second press closes it. items: [{icon, t, run} or {icon, t, href, download}] */
export function openMenu(button, items) {
	if (menus.has(button)) {
		menus.get(button)(true);
		return;
	}
	const close = (focus) => {
		menus.delete(button);
		menu.remove();
		button.setAttribute('aria-expanded', 'false');
		document.removeEventListener('pointerdown', outside, true);
		if (focus)
			button.focus();
	};
	const outside = (e) => { if (!menu.contains(e.target) && !button.contains(e.target)) close(false); };
	const rows = items.map((item) => (item.href
		? h('a', { role: 'menuitem', tabIndex: -1, href: item.href, download: item.download ?? '', on: { click: () => close(true) } }, icon(item.icon), h('span', { t: item.t }))
		: h('button', { role: 'menuitem', type: 'button', tabIndex: -1, on: { click: () => { close(true); item.run(); } } }, icon(item.icon), h('span', { t: item.t }))));
	const menu = h('div', { class: 'popup', role: 'menu', ta: 'chat_menu', on: { keydown: (e) => {
		const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
		if (step) {
			e.preventDefault();
			rows.at((rows.indexOf(document.activeElement) + step) % rows.length).focus();
		} else if (e.key === 'Escape' || e.key === 'Tab') {
			e.preventDefault();
			e.stopPropagation();
			close(true);
		}
	} } }, ...rows);
	button.setAttribute('aria-expanded', 'true');
	button.after(menu);
	menus.set(button, close);
	const { bottom } = menu.getBoundingClientRect();
	menu.classList.toggle('up', bottom > innerHeight);
	document.addEventListener('pointerdown', outside, true);
	rows[0].focus();
}

/** A key that belongs to an input method: what it writes is not finished. Safari tells the last one only by its number. */
export const isComposing = (e) => e.isComposing || e.keyCode === 229;

/** Keeps Tab inside an open drawer. Returns the function that lets it out again. */
export function trapFocus(box, onEscape) {
	const onKey = (e) => {
		if (e.key === 'Escape' && !isComposing(e)) {
			e.stopPropagation();
			onEscape();
		}
		if (e.key !== 'Tab')
			return;
		const stops = [...box.querySelectorAll('a[href],button,input,select,textarea')].filter((el) => !el.disabled && el.offsetParent);
		const edge = e.shiftKey ? stops[0] : stops.at(-1);
		if (document.activeElement !== edge)
			return;
		e.preventDefault();
		(e.shiftKey ? stops.at(-1) : stops[0]).focus();
	};
	box.addEventListener('keydown', onKey);
	return () => box.removeEventListener('keydown', onKey);
}
