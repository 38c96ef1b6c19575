"""Tables and plots of a run. `python3 benchmarks/report.py <folder>` draws them again from results.json."""

import json
import pathlib
import statistics
import sys

ORDER = ['Tenon', 'Tenon captured', 'Tenon fused', 'by hand', 'Eigen', 'OpenBLAS', 'xtensor', 'dlib', 'LibTorch', 'PyTorch',
         'PyTorch captured', 'torch.compile', 'torch.compile captured', 'JAX', 'NumPy', 'SciPy']
COLOURS = dict(zip(ORDER, ['black', '0.3', '0.45', '0.6', 'tab:green', 'tab:olive', 'tab:cyan', 'tab:brown', 'tab:pink', 'tab:red',
                           'darkred', 'tab:orange', 'chocolate', 'tab:blue', 'tab:purple', 'indigo']))


def text_of(seconds):
    """Three digits and a unit."""
    for unit, scale in (('s', 1), ('ms', 1e-3), ('µs', 1e-6), ('ns', 1e-9)):
        if seconds >= scale or unit == 'ns':
            return f'{seconds / scale:.3g} {unit}'


def quartiles(values):
    return statistics.quantiles(values, n=4, method='inclusive') if len(values) > 1 else [values[0]] * 3


def clock_for(work, data):
    """Processor time adds all threads up, so it says something about one thread only."""
    return 'wall' if ' threads' in work or data['threads'] > 1 else data['clock']


class Results:
    def __init__(self, data):
        self.data = data
        self.works = {work: {side: quartiles(times[clock_for(work, data)]) for side, times in sides.items()}
                      for work, sides in data['seconds'].items() if sides}
        self.compared = {work: sides for work, sides in self.works.items() if 'Tenon' in sides}

    def median(self, work, side):
        return self.works[work][side][1]

    def ratio(self, work, side):
        """How many times longer a side takes than Tenon."""
        return self.median(work, side) / self.median(work, 'Tenon')


def table(results):
    present = [side for side in ORDER[1:] if any(side in sides for sides in results.compared.values())]
    lines = ['Tenon: median, and the quartiles\' distance in percent. Others: how many times as long they take; * where their',
             'quartiles overlap with Tenon\'s.', '',
             '| work | Tenon | ± % | ' + ' | '.join(present) + ' |', '| --- ' * (3 + len(present)) + '|']
    for work, sides in results.compared.items():
        low, middle, high = sides['Tenon']
        cells = []
        for side in present:
            if side in sides:
                overlap = sides[side][0] <= high and low <= sides[side][2]
                cells.append(f'{results.ratio(work, side):.2f}{"*" if overlap else ""}')
            else:
                cells.append('')
        lines.append(f'| {work} | {text_of(middle)} | {100 * (high - low) / middle:.0f} | ' + ' | '.join(cells) + ' |')
    if results.data.get('compilation'):
        lines += ['', '| compiled program | seconds | megabytes |', '| --- | --- | --- |']
        lines += [f'| {name} | {c["seconds"]:.1f} | {c["megabytes"]:.0f} |' for name, c in results.data['compilation'].items()]
    return '\n'.join(lines) + '\n'


def plot_ratios(results, plt, file):
    """A bar for each side of each work, from 1 to how many times Tenon's time it takes."""
    rows = [(work, side) for work in results.compared for side in ORDER[1:] if side in results.compared[work]]
    if not rows:
        return
    figure, axes = plt.subplots(figsize=(9, 1 + 0.17 * (len(rows) + len(results.compared))))
    y, ticks, labelled = 0.0, [], set()
    for work in results.compared:
        start = y
        for side in ORDER[1:]:
            if side not in results.compared[work]:
                continue
            base = results.median(work, 'Tenon')
            low, middle, high = (t / base for t in results.compared[work][side])
            axes.barh(y, middle - 1, left=1, height=0.8, color=COLOURS[side], label=None if side in labelled else side)
            axes.plot([low, high], [y, y], color='black', linewidth=0.8)
            labelled.add(side)
            y += 1
        ticks.append(((start + y - 1) / 2, work))
        y += 1
    axes.axvline(1, color='black', linewidth=1)
    axes.set_xscale('log')
    axes.set_yticks([t for t, _ in ticks], [name for _, name in ticks], fontsize=7)
    axes.invert_yaxis()
    axes.margins(y=0.005)
    axes.set_xlabel('time as a multiple of Tenon\'s (to the right of 1, Tenon is faster)')
    axes.legend(fontsize=7, loc='lower right')
    save(figure, plt, file)


def plot_sizes(results, plt, file):
    """Time against size, with the least that arithmetic and memory allow."""
    try:
        # A million multiply-adds of registers, and 64 MiB copied: see machine.cpp.
        flops = 2e6 * results.data['machine']['floats in a register'] / results.median('machine/arithmetic', 'by hand')
        bandwidth = 2**27 / results.median('machine/bandwidth', 'by hand')
    except KeyError:
        flops = bandwidth = None
    sizes = {'1k': 2**10, '32k': 2**15, '1M': 2**20, '16M': 2**24}
    families = {
        # exp by hand is a dozen multiply-adds and as much again in the rest.
        'elementwise': ('a·b + c·exp(-d)', 'elements', lambda n: 28 * n, lambda n: 20 * n),
        'product': ('square matrix product', 'rows', lambda n: 2 * n**3, lambda n: 12 * n**2),
    }
    figure, panels = plt.subplots(1, 2, figsize=(11, 4.5))
    drawn = False
    for panel, (family, (title, label, operations, moved)) in zip(panels, families.items()):
        works = {w: sizes.get(w.partition('/')[2]) or int(w.partition('/')[2])
                 for w in results.compared if w.partition('/')[0] == family and ',' not in w}
        for side in ORDER:
            points = sorted((n, results.median(w, side)) for w, n in works.items() if side in results.works[w])
            if points:
                panel.plot(*zip(*points), marker='o', markersize=3, color=COLOURS[side], label=side)
                drawn = True
        if works and flops:
            ends = sorted(works.values())
            panel.plot(ends, [operations(n) / flops for n in ends], 'k--', linewidth=0.8, label='arithmetic at its peak')
            panel.plot(ends, [moved(n) / bandwidth for n in ends], 'k:', linewidth=0.8, label='memory at its peak')
        panel.set(title=title, xlabel=label, ylabel='seconds', xscale='log', yscale='log')
        if works:
            panel.legend(fontsize=7)
    if drawn:
        save(figure, plt, file)


def plot_compilation(results, plt, file):
    costs = results.data['compilation']
    if not costs:
        return
    figure, panels = plt.subplots(1, 2, figsize=(11, 1 + 0.25 * len(costs)), sharey=True)
    for panel, what in zip(panels, ('seconds', 'megabytes')):
        panel.barh(list(costs), [c[what] for c in costs.values()], color='0.4')
        panel.set_xlabel(what + ' to compile')
    panels[0].invert_yaxis()
    save(figure, plt, file)


def save(figure, plt, file):
    figure.tight_layout()
    figure.savefig(file, dpi=150)
    plt.close(figure)


def write(folder, data):
    (folder / 'results.json').write_text(json.dumps(data, indent=1, ensure_ascii=False))
    results = Results(data)
    text = table(results)
    (folder / 'table.md').write_text(text)
    print('\n' + text)
    try:
        import matplotlib
    except ImportError:
        print('no plots: matplotlib is not installed')
        return
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    plot_ratios(results, plt, folder / 'ratios.png')
    plot_sizes(results, plt, folder / 'sizes.png')
    plot_compilation(results, plt, folder / 'compilation.png')


if __name__ == '__main__':
    folder = pathlib.Path(sys.argv[1])
    write(folder, json.loads((folder / 'results.json').read_text()))
