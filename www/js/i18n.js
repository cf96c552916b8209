/*
 * i18n.js - the words of the page. A text is named by a key; an element remembers its keys, so that switching the language
 * rewrites what is shown. In HTML: data-t (text), data-ta (aria-label), data-tp (placeholder), data-tt (title).
 */
import es from './i18n/es.js';
import en from './i18n/en.js';

const WORDS = { es, en };
const ATTRIBUTES = { ta: 'aria-label', tp: 'placeholder', tt: 'title' };
const vars = new WeakMap();

export const LANGUAGES = { es: 'Español', en: 'English' };

/** The wish that was stored, else the first of the browser's languages that we speak, else English. */
export function pickLanguage(stored, wished) {
	if (Object.hasOwn(WORDS, stored ?? ''))
		return stored;
	return wished.map((l) => l.slice(0, 2).toLowerCase()).find((l) => Object.hasOwn(WORDS, l)) ?? 'en';
}

export let language = 'en';

/** t('err_wait', {s: 5}): {s} in the text is replaced; an object of plural forms is chosen by {n}. */
export function t(key, values = {}) {
	let text = WORDS[language][key] ?? key;
	if (typeof text === 'object')
		text = text[new Intl.PluralRules(language).select(values.n)] ?? text.other;
	return text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

export const known = (key) => Object.hasOwn(WORDS.en, key);

/** Names the texts of an element and writes them. */
export function label(el, { vars: values, ...keys }) {
	vars.set(el, values);
	for (const [kind, key] of Object.entries(keys))
		if (key)
			el.dataset[kind] = key;
	write(el);
}

function write(el) {
	const values = vars.get(el);
	if (el.dataset.t)
		el.textContent = t(el.dataset.t, values);
	for (const [kind, attribute] of Object.entries(ATTRIBUTES))
		if (el.dataset[kind])
			el.setAttribute(attribute, t(el.dataset[kind], values));
}

/** Switches the language and rewrites every named text under root. */
export function setLanguage(lang, root = document) {
	language = lang;
	document.documentElement.lang = lang;
	for (const el of root.querySelectorAll('[data-t],[data-ta],[data-tp],[data-tt]'))
		write(el);
}
