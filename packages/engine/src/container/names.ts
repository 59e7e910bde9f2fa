import { randomBelow } from '../system/random.ts';

/** Mica's own: how a stone looks or feels, and a stone, a mineral or one who read them. */
const looks = `
amber ancient azure banded bedded bold bright brisk brittle calm chalky clear coarse cosmic cool cubic curious dappled
deep dense dusky eager earthen fair felsic fine flaky foliated fresh gentle gilded glassy gleaming glowing golden
grainy granular happy hardy hidden hollow humble icy igneous keen kind layered lively loyal lucid lustrous mafic
mellow merry milky mossy muted nimble noble opaque pale patient pearly placid plucky polished porous proud quartzose
quick quiet radiant rare robust rosy rugged rustic sandy serene shiny silent silken silvery sleek smooth snowy solid
sparkling speckled stable steady stout striped sturdy sunny swift tabular tawny tender tidal timeless tranquil trusty
upbeat veined velvet vibrant vivid warm weathered winding wise witty zesty`
  .trim()
  .split(/\s+/);
const stones = `
agate albite amethyst andesite anning apatite aragonite arduino augite azurite barite basalt bauxite beryl biotite
borax bowen bragg breccia calcite celestine chalk chert chlorite citrine clay cobaltite conybeare copper corundum
cuvier dacite dana diamond diorite dolerite dolomite emerald epidote eskola feldspar flint fluorite gabbro galena
garnet gneiss goethite goldschmidt granite graphite greenstone gypsum halite hematite hornfels hutton ilmenite jade
jasper kaolin kyanite labradorite lapworth lazurite lehmann limestone lonsdale lyell magnetite malachite marble marl
mica mohs muscovite nephrite obsidian olivine onyx opal peridot pumice pyrite quartz quartzite rhyolite ruby rutile
sandstone sapphire schist sedgwick serpentine shale siderite silica slate smith sodalite spinel steno sylvite talc
topaz tourmaline travertine tuff turquoise wegener werner zeolite zircon`
  .trim()
  .split(/\s+/);

/** `adjective_noun`, docker's form; from the second try on with a digit, so that it ends also in a full store. */
export function randomName(attempt: number): string {
  const pick = (words: readonly string[]) => words[randomBelow(words.length)] as string;
  return `${pick(looks)}_${pick(stones)}${attempt === 0 ? '' : randomBelow(10 ** Math.min(attempt, 9))}`;
}
