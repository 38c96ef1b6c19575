"""How long programs take to compile, and with how much memory: optimised as the benchmarks are, without a cache."""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / 'tests' / 'tools'))  # last: a file there is called packaging, as a package is

import compile_cost
from compile_command import Compiler, scratch


def network(layers):
    """The text of a program that trains a network of so many layers, in structs of eight."""
    blocks = [min(8, layers - start) for start in range(0, layers, 8)]
    text = '#include <tenon/tenon.hpp>\nnamespace tn = tenon;\nnamespace nn = tenon::nn;\n'
    for size in sorted(set(blocks)):
        members = ''.join(f'    nn::linear<32, 32> fc{i};\n' for i in range(size))
        call = 'x'
        for i in range(size):
            call = f'tn::relu(fc{i}({call}))'
        text += f'struct block{size} {{\n{members}    auto operator()(auto const& x) const {{ return {call}; }}\n}};\n'
    members = ''.join(f'    block{size} b{i};\n' for i, size in enumerate(blocks))
    call = 'x'
    for i in range(len(blocks)):
        call = f'b{i}({call})'
    return text + (
        f'struct network {{\n{members}    auto operator()(auto const& x) const {{ return {call}; }}\n}};\n'
        'int main() {\n    network model;\n    tn::optim::adam optimizer(model, {.lr = 1e-3f});\n'
        '    auto x = tn::randn<float, 16, 32>();\n    auto y = tn::randint<std::int64_t, 16>(0, 32);\n'
        '    for (int step = 0; step != 100; ++step) {\n        optimizer.zero_grad();\n'
        '        tn::backward(tn::cross_entropy(model(x), y));\n        optimizer.step();\n    }\n}\n')


def programs(folder, quick):
    """Names, files, and the source whose compiler command is used."""
    like = HERE / 'training.cpp'
    header = folder / 'header.cpp'
    header.write_text('#include <tenon/tenon.hpp>\nint main() {}\n')
    yield 'header alone', header, like
    for sample in sorted((HERE.parent / 'samples').glob('*.cpp')):
        yield f'sample {sample.stem}', sample, like
    for layers in (2, 8) if quick else (2, 8, 32, 64):
        file = folder / f'network{layers}.cpp'
        file.write_text(network(layers))
        yield f'network of {layers} layers', file, like
    for library in ('tenon', 'eigen', 'dlib', 'libtorch'):
        yield (f'four layers, {library}', HERE / 'compile' / f'four_layers_{library}.cpp',
               HERE / 'libtorch.cpp' if library == 'libtorch' else like)


def costs(build, only, quick):
    """Seconds and megabytes by program."""
    found = {}
    with scratch(build) as folder:
        for name, file, like in programs(pathlib.Path(folder), quick):
            if not re.search(only, f'compile/{name}'):
                continue
            try:
                seconds, megabytes = compile_cost.cost(Compiler(build, like), file, [], folder)
            except SystemExit as reason:
                print(f'compile/{name}: left out: {str(reason)[:300]}')
                continue
            found[name] = {'seconds': seconds, 'megabytes': megabytes}
            print(f'compile/{name:30} {seconds:6.1f} s {megabytes:7.0f} MB', flush=True)
    return found
