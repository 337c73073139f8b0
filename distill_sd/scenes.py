"""Captioned pictures of shapes, drawn by signed distance fields, and the judge that checks them"""
import math, random, zlib
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SHAPES = ["circle", "square", "triangle", "star", "heart", "ring"]
COLORS = dict(red=(.86,.13,.15), yellow=(.98,.87,.15), green=(.10,.55,.20),
              blue=(.13,.32,.88), purple=(.50,.16,.68), white=(.97,.97,.97))
SIZES = ["small", "large"]
BACKGROUNDS = dict(meadow="in the meadow", beach="on the beach", night="at night",
                   sunset="at sunset", snow="in the snow", sea="under the sea")
PLACES = ["in the middle", "on the left", "on the right", "at the top", "at the bottom"]
RELATIONS = {"left of":(5,False), "right of":(5,True), "above":(6,False), "below":(6,True)} # layout, swap the two?

NO_SHAPE, NO_COLOR, NO_SIZE = len(SHAPES), len(COLORS), len(SIZES) # the second object of a picture with one
LABELS = dict(layout=7, background=len(BACKGROUNDS), shape1=len(SHAPES), color1=len(COLORS), size1=len(SIZES),
              shape2=len(SHAPES)+1, color2=len(COLORS)+1, size2=len(SIZES)+1) # name -> number of classes
N_JITTER = 16

@dataclass(frozen=True)
class Scene:
    "What is in one picture: its caption, its labels, and the small random offsets it is drawn with"
    caption:str   # "a large red heart left of a small blue star at sunset"
    labels:tuple  # One class index for each entry of `LABELS`; slot 1 is the left, top or only object
    jitter:tuple  # `N_JITTER` numbers in [-1, 1): positions, angles, sizes, tints

def in_test_split(labels)->bool:
    "One scene in ten is held out, by a hash of its labels, so that both phrasings of it are"
    return zlib.crc32(bytes(labels)) % 10 == 0

def _draw(rng, p_single):
    pick = lambda n: int(rng.random()*n)
    thing = lambda: (pick(len(SHAPES)), pick(len(COLORS)), pick(len(SIZES)))
    words = lambda o: f"a {SIZES[o[2]]} {list(COLORS)[o[1]]} {SHAPES[o[0]]}"
    a, bg = thing(), pick(len(BACKGROUNDS))
    if rng.random() < p_single:
        layout, first, second = pick(len(PLACES)), a, (NO_SHAPE, NO_COLOR, NO_SIZE)
        body = f"{words(a)} {PLACES[layout]}"
    else:
        b = thing()
        while b[:2] == a[:2]: b = thing() # two objects that differ in size alone cannot be told apart in words
        relation = list(RELATIONS)[pick(len(RELATIONS))]
        layout, swap = RELATIONS[relation]
        first, second = (b, a) if swap else (a, b)
        body = f"{words(a)} {relation} {words(b)}"
    return f"{body} {list(BACKGROUNDS.values())[bg]}", (layout, bg, *first, *second)

def make_scene(
    seed:int,              # Of the whole set
    index:int,             # Of this scene within it; the scene depends on nothing else
    split:str="train",     # "train", "test" (captions never seen in training) or "all"
    p_single:float=.3,     # Share of pictures with one object
)->Scene:
    rng = random.Random(f"scene {seed} {index}")
    while True:
        caption, labels = _draw(rng, p_single)
        if split == "all" or in_test_split(labels) == (split == "test"): break
    return Scene(caption, labels, tuple(rng.random()*2-1 for _ in range(N_JITTER)))

# ---- signed distances; x right, y down, the shape about 1 in radius; negative inside
def _length(x, y): return torch.sqrt(x*x + y*y + 1e-9)

def _circle(x, y): return _length(x, y) - .92

def _box(x, y, w, h):
    dx, dy = x.abs()-w, y.abs()-h
    return _length(dx.clamp(min=0), dy.clamp(min=0)) + torch.maximum(dx, dy).clamp(max=0)

def _square(x, y): return _box(x, y, .72, .72) - .08

def _triangle(x, y):
    k, r = math.sqrt(3), .88
    x, y = x.abs()-r, .18-y+r/k
    fold = (x + k*y) > 0
    x, y = torch.where(fold, (x-k*y)/2, x), torch.where(fold, (-k*x-y)/2, y)
    x = x - x.clamp(-2*r, 0)
    return -_length(x, y)*torch.sign(y) - .06

def _star(x, y, inner=.47):
    c, s = math.cos(math.pi/5), math.sin(math.pi/5)
    x, y = x.abs(), -y
    for sx in (1, -1): # fold the plane onto one of the ten half-points
        d = 2*(sx*c*x - s*y).clamp(min=0)
        x, y = x - d*sx*c, y + d*s
    x, y = x.abs(), y-1
    ex, ey = inner*s, inner*c-1
    h = ((x*ex + y*ey)/(ex*ex + ey*ey)).clamp(0, 1)
    return _length(x-ex*h, y-ey*h)*torch.sign(y*ex - x*ey) - .05

def _heart(x, y, scale=1.62):
    x, y = (x/scale).abs(), .54 - y/scale
    lobe = _length(x-.25, y-.75) - math.sqrt(2)/4
    m = .5*(x+y).clamp(min=0)
    point = torch.sqrt(torch.minimum(x*x + (y-1)**2, (x-m)**2 + (y-m)**2) + 1e-9)*torch.sign(x-y)
    return torch.where(x+y > 1, lobe, point)*scale

def _ring(x, y): return (_length(x, y)-.68).abs() - .25

SDFS = [_circle, _square, _triangle, _star, _heart, _ring]

# sky top, sky bottom, ground top, ground bottom, height of the horizon
_BACKDROPS = dict(
    meadow=((.55,.80,.97), (.86,.95,.99), (.56,.80,.38), (.42,.68,.28), .66),
    beach =((.45,.83,.93), (.80,.95,.97), (.96,.88,.66), (.88,.76,.50), .70),
    night =((.04,.05,.16), (.13,.15,.35), (.10,.16,.17), (.05,.09,.10), .74),
    sunset=((.47,.30,.56), (.98,.70,.50), (.33,.20,.32), (.22,.12,.24), .72),
    snow  =((.66,.72,.80), (.84,.88,.92), (.93,.95,.98), (.85,.89,.95), .62),
    sea   =((.30,.78,.80), (.03,.30,.45), (.03,.30,.45), (.02,.22,.36), 1.0))

def _grid(size):
    t = (torch.arange(size)+.5)/size
    y, x = torch.meshgrid(t, t, indexing="ij")
    return x[None], y[None]

def _backdrop(background, jitter, size):
    table = torch.tensor([[*sum(_BACKDROPS[b][:4], ()), _BACKDROPS[b][4]] for b in BACKGROUNDS])[background]
    color = lambda i: table[:, 3*i:3*i+3, None, None]
    x, y = _grid(size)
    horizon, j = table[:, 12, None, None], jitter[..., None, None]
    wave = (.026 + .006*j[:,1])*torch.sin(6*x + 3.14*j[:,2])
    horizon = torch.where(horizon < 1, horizon + .03*j[:,0] + wave, horizon + .2)
    sky = torch.lerp(color(0), color(1), (y/horizon).clamp(0, 1)[:,None])
    ground = torch.lerp(color(2), color(3), ((y-horizon)/(1-horizon).clamp(min=.05)).clamp(0, 1)[:,None])
    return torch.lerp(sky, ground, ((y-horizon)*size+.5).clamp(0, 1)[:,None])*(1 + .04*j[:,3,None])

def _paint(img, shape, color, x, y, radius, angle, tint, defect):
    "One object with a soft shadow, a dark outline and a little shading; `shape == NO_SHAPE` paints nothing"
    size = img.shape[-1]
    gx, gy = _grid(size)
    at = lambda v: v[:, None, None]
    c, s = at(torch.cos(angle)), at(torch.sin(angle))
    def field(dx, dy): # signed distance in pixels, and the coordinates of the object
        u, v = (gx-at(x)-dx)/at(radius), (gy-at(y)-dy)/at(radius)
        u, v = u*c + v*s, v*c - u*s
        d = torch.full_like(u, 9.)
        bent = v + at(defect["bend"])*(u*u-.5)
        for which, amount in ((shape, None), (defect["shape"], defect["blend"])):
            for i, sdf in enumerate(SDFS):
                idx = (which == i).nonzero()[:, 0] if amount is None else ((which == i) & (amount > 0)).nonzero()[:, 0]
                if not len(idx): continue
                new = sdf(u[idx], bent[idx])
                d[idx] = new if amount is None else torch.lerp(d[idx], new, at(amount[idx]))
        return d*at(radius)*size, u, v
    on = at(((shape < NO_SHAPE).float()*defect["opacity"]))
    shadow = ((.5-field(.02, .03)[0]/5).clamp(0, 1)*.35*on)[:,None]
    img = img*(1-shadow)
    d, u, v = field(0., 0.)
    palette = torch.tensor([*COLORS.values(), (0., 0., 0.)])
    one, two = (palette[k][..., None, None] for k in (color, defect["color"]))
    fill = torch.lerp(one, two, at(defect["mix"])[:,None])
    side = u*torch.cos(at(defect["split_angle"])) + v*torch.sin(at(defect["split_angle"])) > at(defect["split_at"])
    fill = torch.where(side[:,None], two, fill)*(1 + .05*at(tint)[:,None])
    lit = (fill*(1.10 - .16*((v+u*.5)*.5+.5).clamp(0, 1))[:,None]).clamp(0, 1)
    body = torch.lerp(lit, fill*.38, (d+1.9).clamp(0, 1)[:,None])
    return torch.lerp(img, body, ((.5-d).clamp(0, 1)*on)[:,None])

def no_defect(n:int)->dict:
    "Per object: a second shape blended in, a second colour mixed in or on one side, bending, opacity"
    zero = lambda: torch.zeros(n)
    return dict(shape=torch.zeros(n, dtype=torch.long), blend=zero(), color=torch.zeros(n, dtype=torch.long), mix=zero(),
                split_angle=zero(), split_at=torch.full((n,), 9.), bend=zero(), opacity=torch.ones(n))

def render(
    labels:Tensor,        # `(b, 8)` long, as in `LABELS`
    jitter:Tensor,        # `(b, N_JITTER)` in [-1, 1)
    size:int=64,          # Pixels
    defects:tuple=None,   # For the judge's schooling: what is wrong with the first and the second object
)->Tensor:                # `(b 3 h w)` in [0, 1]
    n = len(labels)
    layout, j = labels[:,0], jitter
    img = _backdrop(labels[:,1], j, size)
    place = torch.tensor([[.5,.5], [.27,.5], [.73,.5], [.5,.27], [.5,.73], [.5,.5], [.5,.5]])[layout]
    for k, sign in ((0, -.23), (1, .23)):
        shape, color, big = labels[:, 2+3*k], labels[:, 3+3*k], labels[:, 4+3*k]
        if not (shape < NO_SHAPE).any(): continue
        o = 4+6*k # this object's own six numbers
        across, down = layout == 5, layout == 6
        x = place[:,0] + torch.where(across, sign, torch.where(down, .07*j[:,o], 0.)) + .03*j[:,o+1]
        y = place[:,1] + torch.where(down, sign, torch.where(across, .07*j[:,o], 0.)) + .03*j[:,o+2]
        radius = torch.where(big == 1, .205 + .015*j[:,o+3], .118 + .010*j[:,o+3])
        img = _paint(img, shape, color, x, y, radius, .18*j[:,o+4], j[:,o+5], defects[k] if defects else no_defect(n))
    return img.clamp(0, 1)

def render_scenes(scenes, size=64, batch=512)->Tensor:
    "`(n 3 h w)` uint8"
    out = []
    for i in range(0, len(scenes), batch):
        part = scenes[i:i+batch]
        img = render(torch.tensor([s.labels for s in part]), torch.tensor([s.jitter for s in part]), size)
        out.append((img*255+.5).to(torch.uint8))
    return torch.cat(out)
