/*
 * dom.js - makes elements. Text only ever enters as text nodes: the page's CSP forbids parsing HTML (trusted types).
 */
import { label } from './i18n.js';

const SVG = 'http://www.w3.org/2000/svg';

export const ICONS = {
	plus: 'M12 5v14M5 12h14',
	menu: 'M4 7h16M4 12h16M4 17h16',
	send: 'M12 19V5M6 11l6-6 6 6',
	down: 'M12 5v14M6 13l6 6 6-6',
	copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
	check: 'M5 13l4 4L19 7',
	spark: 'M12 3l1.9 7.1L21 12l-7.1 1.9L12 21l-1.9-7.1L3 12l7.1-1.9z',
	alert: 'M12 8v5M12 16.5v.5M12 3l9.5 17h-19z',
	chat: 'M4 5h16v11H9l-5 4zM8 9h8M8 12.5h5',
	sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4',
	moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z',
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
 * key), tt (title by key), vars (for t and ta), on (listeners), data (dataset); anything else is a property if the element
 * has one, else an attribute. Children: nodes or strings; null and false are skipped.
 */
export function h(tag, props = {}, ...children) {
	const el = document.createElement(tag);
	const { class: cls, t, ta, tt, vars, on, data, ...rest } = props;
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
	if (t || ta || tt)
		label(el, { t, ta, tt, vars });
	return el;
}

export function iconButton(name, key, onClick, cls = 'ico') {
	return h('button', { class: cls, type: 'button', ta: key, tt: key, on: { click: onClick } }, icon(name));
}

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

/** Keeps Tab inside an open drawer. Returns the function that lets it out again. */
export function trapFocus(box, onEscape) {
	const onKey = (e) => {
		if (e.key === 'Escape') {
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
