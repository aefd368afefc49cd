/** How the page of results looks: narrow screens, light and dark. @module */

export const STYLE = `
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; --dim: #6a737d; --wash: #8881; }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #ff7b72; --dim: #9aa4af; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .5rem; }
h1.good, .PASS, .XFAIL { color: var(--good); }
h1.bad, .FAIL, .XPASS, .INCONCLUSIVE { color: var(--bad); }
.NOT_CLAIMED { color: var(--dim); }
p { margin: .25rem 0; }
p:empty { display: none; }
.rule { color: var(--dim); font-size: .875rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 .75rem; margin: .75rem 0; font-size: .8rem; }
dt { color: var(--dim); }
dd { margin: 0; }
search { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: end; padding: .75rem 0; border-block: 1px solid var(--line); position: sticky; top: 0; background: Canvas; }
label { display: flex; flex-direction: column; font-size: .8rem; color: var(--dim); min-width: 0; }
label:first-child { flex: 1 1 14rem; }
input, select, button { font: inherit; font-size: .875rem; height: 2.1rem; padding: .2rem .5rem; max-width: 100%; }
output { font-size: .875rem; color: var(--dim); line-height: 2.1rem; }
details { border-bottom: 1px solid var(--line); padding: .35rem 0; }
summary { cursor: pointer; }
summary b { font-size: .75rem; margin-right: .4rem; }
summary span { color: var(--dim); font-size: .875rem; display: block; }
ul { margin: .4rem 0; padding-left: 1.2rem; }
h2 { font-size: .9rem; margin: .75rem 0 .25rem; }
.command { display: flex; gap: .5rem; align-items: start; margin: .5rem 0; }
.command code { flex: 1; padding: .3rem .5rem; background: var(--wash); }
pre { margin: 0; padding: .5rem; background: var(--wash); font-size: .8rem; overflow: auto; max-height: 24rem; white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 30rem) { body { padding: .6rem; } search { position: static; } .command { flex-direction: column; } }
`
