/*
 * i18n.js - the words of the page. A text is named by a key; an element remembers its keys, so that switching the language
 * rewrites what is shown. In HTML: data-t (text), data-ta (aria-label), data-tp (placeholder), data-tt (title).
 */
import en from './i18n/en.js';
import es from './i18n/es.js';

const WORDS = { es, en };
const ATTRIBUTES = { ta: 'aria-label', tp: 'placeholder', tt: 'title' };
const vars = new WeakMap();

export const LANGUAGES = { es: 'Español', en: 'English' };
export let language = 'en';

/** t('err_wait', {s: 5}): {s} in the text is replaced; an object of plural forms is chosen by {n}. */
export function t(key, values = {}) {
	let text = WORDS[language][key] ?? key;
	if (typeof text === 'object')
		text = text[new Intl.PluralRules(language).select(values.n)] ?? text.other;
	return text.replace(/\{(\w+)\}/g, (all, name) => {
		const value = values[name] ?? all;
		return typeof value === 'number' ? new Intl.NumberFormat(language, { useGrouping: 'always' }).format(value) : value;
	});
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

/** Switches the language and rewrites every named text. */
export function setLanguage(lang) {
	language = lang;
	document.documentElement.lang = lang;
	for (const el of document.querySelectorAll('[data-t],[data-ta],[data-tp],[data-tt]'))
		write(el);
	document.dispatchEvent(new Event('charla:language'));
}

/* --- what went wrong, as a key; the server's own sentences are for logs ------------------------------------------------- */

export function errorKey({ status, code }) {
	if (known(`err_${code}`))
		return `err_${code}`;
	if (status >= 502 && status <= 504)
		return 'err_503';
	return known(`err_${status}`) ? `err_${status}` : status >= 500 ? 'err_500' : 'err_400';
}
