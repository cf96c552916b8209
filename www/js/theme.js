/*
 * theme.js - what must be known before the first paint: the theme (data-theme) and the language (lang), the stored wish or
 * else the system's. Classic script, first in head.
 */
(() => {
	const root = document.documentElement;
	const dark = matchMedia('(prefers-color-scheme: dark)');
	const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
	let wish = null;                                     // holds where nothing can be stored
	const apply = () => { root.dataset.theme = stored('charla.theme') ?? wish ?? (dark.matches ? 'dark' : 'light'); };
	dark.addEventListener('change', apply);
	addEventListener('charla:theme', (e) => { wish = e.detail; apply(); });
	apply();

	const wished = [(stored('charla.lang') ?? '').replaceAll('"', ''), ...(navigator.languages ?? [])];
	root.lang = wished.map((l) => l.slice(0, 2).toLowerCase()).find((l) => l === 'es' || l === 'en') ?? 'en';
})();
