export const styles = `
:root{color-scheme:light dark;--ink:#1d2126;--soft:#6a727c;--rule:#dde1e6;--paper:#fff;--ours:#0b7a75;--theirs:#b9c0c8}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--soft:#98a1ab;--rule:#343a41;--paper:#16191d;--ours:#3cc4bd;--theirs:#59626c}}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:900px;margin:0 auto;padding:2rem 1rem 4rem}
h1{font-size:1.7rem;margin:0}h2{margin:2.5rem 0 .5rem;border-bottom:1px solid var(--rule)}
.facts,.none,.missing{color:var(--soft);font-size:.9rem}.missing{color:#c2410c;font-weight:600}
figure{margin:1rem 0}figcaption{font-weight:600}svg{width:100%;max-width:760px;height:auto;display:block}
svg text{font:12px system-ui,sans-serif;fill:var(--ink)}svg .tick,svg .axis{fill:var(--soft)}
.grid{stroke:var(--rule);stroke-width:1}.line{fill:none;stroke-width:2}.ours{fill:var(--ours)}.theirs{fill:var(--theirs)}
.line.s0{stroke:#0b7a75}.line.s1{stroke:#c2410c}.line.s2{stroke:#6d5bd0}.line.s3{stroke:#b8860b}.line.s4{stroke:#2b6cb0}.line.s5{stroke:#a3286a}
circle.s0,text.s0{fill:#0b7a75}circle.s1,text.s1{fill:#c2410c}circle.s2,text.s2{fill:#6d5bd0}circle.s3,text.s3{fill:#b8860b}circle.s4,text.s4{fill:#2b6cb0}circle.s5,text.s5{fill:#a3286a}
svg text.key.s0{fill:#0b7a75}svg text.key.s1{fill:#c2410c}svg text.key.s2{fill:#6d5bd0}svg text.key.s3{fill:#b8860b}svg text.key.s4{fill:#2b6cb0}svg text.key.s5{fill:#a3286a}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.88rem}td,th{padding:.25rem .6rem;border-bottom:1px solid var(--rule);text-align:left;white-space:nowrap}
td.n{text-align:right;font-variant-numeric:tabular-nums}.yes{color:#15803d}.no{color:#c2410c;font-weight:600}
`;
