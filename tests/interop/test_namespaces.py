"""The given files: what they offer is there, what they refuse is not, and unfinished modules do no harm."""

from __future__ import annotations

import inspect
import re
import shutil
from importlib import import_module

import numpy as np
import pytest

from pytest_tinytorch.evidence import implementation, importing
from tests.support import kit

PLACES = [
    "tinytorch",
    "tinytorch.nn",
    "tinytorch.nn.functional",
    "tinytorch.optim",
    "tinytorch.utils.data",
]


@pytest.fixture
def package(tmp_path):
    """A copy of the reference to spoil; `use` imports it."""
    folder = tmp_path / "tinytorch"
    shutil.copytree(
        kit.REFERENCE / "tinytorch", folder, ignore=shutil.ignore_patterns("__pycache__")
    )
    return folder


@pytest.fixture
def use():
    def install(folder):
        importing.install_finder(implementation.Implementation(folder, kit.REFERENCE))
        return import_module("tinytorch")

    yield install
    importing.uninstall_finder()


@pytest.fixture
def torch(use):
    return use(kit.REFERENCE)


def edit(file, *changes):
    text = file.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("nn.ReLU", "activations.ReLU"),
        ("nn.MSELoss", "losses.MSELoss"),
        ("utils.data.DataLoader", "dataloader.DataLoader"),
    ],
)
def test_a_class_that_is_wrapped_has_the_help_of_the_one_that_was_written(torch, given, written):
    """No given file reads a docstring for it: then all docstrings would count as source."""
    found = [
        getattr(import_module(f"tinytorch.{module}"), name)
        for module, _, name in (place.rpartition(".") for place in (given, written))
    ]
    assert found[0] is not found[1]
    assert inspect.getdoc(found[0]) == inspect.getdoc(found[1]) is not None


@pytest.mark.parametrize("place", PLACES)
def test_everything_offered_is_there(torch, place):
    module = import_module(place)
    for name in dir(module):
        assert getattr(module, name) is not None, name


def test_nothing_is_both_offered_and_refused(torch):
    instead = import_module("tinytorch.instead")
    owners = {"Tensor": torch.Tensor, "Module": import_module("tinytorch.layers").Module}
    for place, ways in instead.INSTEAD.items():
        owner = owners.get(place) or import_module(place)
        for name, way in ways.items():
            if "." in name:
                continue  # of a module of the course, which has no say in it
            with pytest.raises(AttributeError, match=re.escape(way)):
                getattr(owner, name)
            assert re.match(r"(use|write) \S", way), way
            assert name not in dir(owner) or owner in owners.values()


def test_arguments_are_refused_only_where_they_are_not_taken(torch):
    arguments = import_module("tinytorch.instead").ARGUMENTS
    takes = import_module("tinytorch.moduleconveniences").takes
    nn = import_module("tinytorch.nn")
    for name, ways in arguments.items():
        for argument in ways:
            assert not takes(getattr(nn, name), argument), (name, argument)
    with pytest.raises(TypeError, match=r"Linear\(device=…\) is not offered: use the CPU"):
        nn.Linear(2, 2, device="cpu")


def test_a_class_of_ones_own_may_take_what_others_refuse(torch):
    nn = import_module("tinytorch.nn")

    class Conv2d(nn.Module):
        def __init__(self, groups, device):
            self.groups = groups

    assert Conv2d(groups=3, device="here").groups == 3


def test_a_broken_module_keeps_no_other_away(package, use):
    (package / "layers.py").write_text("def (", encoding="utf-8")
    (package / "spatial.py").unlink()
    torch = use(package.parent)
    nn, functional = import_module("tinytorch.nn"), import_module("tinytorch.nn.functional")
    assert torch.Tensor([1.0, -1.0]).view(2, 1).size(0) == 2
    assert functional.relu(torch.tensor([-1.0])).item() == 0
    assert torch.optim.lr_scheduler.StepLR
    with pytest.raises(SyntaxError):
        _ = nn.Linear
    with pytest.raises(ImportError, match="spatial"):
        _ = nn.Conv2d


def test_files_from_before_still_work(package, use):
    """Of a learner who began before there were conveniences."""
    given = "from tinytorch.moduleconveniences import"
    edit(
        package / "layers.py",
        (f"{given} ModuleConveniences, sets_to_none\n", ""),
        ("from tinytorch.statedicts import loads_whole, with_every_name\n", ""),
        ("    @with_every_name\n", ""),
        ("    @loads_whole\n", ""),
        ("class Module(ModuleConveniences):", "class Module:"),
        ("    @sets_to_none\n", ""),
    )
    edit(
        package / "optimizers.py",
        (f"{given} sets_to_none\n", ""),
        ("from tinytorch.optimizerstates import reads_pytorch\n", ""),
        ("from tinytorch.signatures import OptimizerConveniences\n", ""),
        ("class Optimizer(OptimizerConveniences):", "class Optimizer:"),
        ("    @sets_to_none\n", ""),
        ("    @reads_pytorch\n", ""),
    )
    edit(
        package / "autograd.py",
        ("from tinytorch.signatures import takes_iterators\n", ""),
        ("@takes_iterators\n", ""),
    )
    edit(
        package / "tensor.py",
        (
            "    def numpy(self)",
            "    @property\n    def size(self):\n        return self.data.size\n\n    def numpy(self)",
        ),
    )
    torch = use(package.parent)
    nn = import_module("tinytorch.nn")
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.ModuleList([nn.Identity()])[0])
    x = torch.ones(4, 2)
    assert model(x).view(-1).numel() == 12
    assert x.size == 8
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.zero_grad()
    with pytest.raises(AttributeError, match="apply"):
        model.apply(print)


def test_the_stubs_have_the_names_too(use):
    use(kit.ROOT)
    nn = import_module("tinytorch.nn")
    assert issubclass(nn.ReLU, nn.Module)
    with pytest.raises(NotImplementedError, match="01 tensor"):
        import_module("tinytorch").zeros(2)


def test_a_name_that_nobody_has_brings_the_nearest(torch):
    with pytest.raises(AttributeError, match="has no 'Linaer': use Linear, if that was meant"):
        _ = import_module("tinytorch.nn").Linaer
    with pytest.raises(AttributeError, match="has no 'qwxyz': use what dir"):
        _ = torch.qwxyz


def test_activations_are_modules_and_the_learner_s_own(torch):
    nn = import_module("tinytorch.nn")
    assert nn.ReLU is nn.ReLU
    assert issubclass(nn.Softmax, (nn.Module, torch.Softmax))
    assert repr(nn.Softmax(dim=0)) == "Softmax(dim=0)"
    assert nn.Linear is torch.Linear


def test_size_is_a_number_that_can_be_called(torch):
    x = torch.zeros(2, 3)
    assert (x.size, x.size(), x.size(-1), x.size + 1) == (6, (2, 3), 3, 7)
    with pytest.raises(IndexError, match=r"dim 2 is not an axis of shape \(2, 3\)"):
        x.size(2)


def test_indices_of_numpy_and_python_take_tensors(torch):
    assert np.arange(5)[torch.tensor([1, 2])].tolist() == [1, 2]
    assert ["a", "b"][torch.tensor(1)] == "b"
    with pytest.raises(TypeError, match="integers"):
        ["a", "b"][torch.tensor(1.0)]


def test_zero_grad_leaves_zeros_if_asked(torch):
    nn = import_module("tinytorch.nn")
    model = nn.Linear(2, 1)
    model(torch.ones(1, 2)).sum().backward()
    model.bias.grad = None
    torch.optim.SGD(model.parameters(), lr=1.0).zero_grad(set_to_none=False)
    assert model.weight.grad.tolist() == [[0, 0]]
    assert model.bias.grad is None
    model.zero_grad()
    assert model.weight.grad is None


def test_recording_ends_as_it_began(torch):
    x = torch.ones(1, requires_grad=True)
    with torch.no_grad():
        with torch.set_grad_enabled(True):
            assert (x * 2).requires_grad
        assert not torch.is_grad_enabled()
    with torch.set_grad_enabled(False):
        assert not torch.is_grad_enabled()
        assert torch.enable_grad()(lambda: (x * 2).requires_grad)()
    assert torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    assert not (x * 2).requires_grad
    torch.set_grad_enabled(True)


def test_a_generator_draws_numpy_s_numbers(torch):
    drawn = torch.randn(3, generator=torch.Generator().manual_seed(5))
    assert drawn.tolist() == torch.randn(3, generator=np.random.default_rng(5)).tolist()


def test_a_class_of_ones_own_has_no_sizes_and_no_methods_of_layers(torch):
    nn = import_module("tinytorch.nn")

    class Sequential(nn.Module):
        def __init__(self, p):
            self.p = p

    assert not hasattr(Sequential(1), "append")
    assert not hasattr(nn.Linear(1, 1), "kernel_size")
    layer = nn.Conv2d(1, 2, 3)
    layer.kernel_size = 7
    assert layer.kernel_size == 7


def test_in_place_in_a_layer_is_in_place_for_a_gradient(torch):
    nn = import_module("tinytorch.nn")
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(inplace=True), nn.Dropout(0.5, inplace=True))
    plain = nn.Sequential(model[0], nn.ReLU()).eval()
    x = torch.randn(4, 2)
    model.eval()
    grads = []
    for network in (model, plain):
        (network(x) ** 2).sum().backward()
        grads.append(model[0].weight.grad)
        model.zero_grad()
    np.testing.assert_array_equal(*grads)
    model.train()
    y = torch.ones(100)
    assert model[2](y) is y
    assert set(y.tolist()) == {0, 2}


def test_what_is_left_out_is_the_default_of_what_the_learner_wrote(package, use):
    """What takes more arguments than the course requires has no defaults of its own for those it does."""
    edit(package / "layers.py", ("p: float = 0.5", "p: float = 0.25"))
    edit(package / "autograd.py", ("retain_graph: bool = False", "retain_graph: bool = True"))
    torch = use(package.parent)
    nn = import_module("tinytorch.nn")
    assert [nn.Dropout().p, nn.Dropout(inplace=True).p, nn.Dropout(0.3, True).p] == [
        0.25,
        0.25,
        0.3,
    ]
    assert [nn.Dropout().inplace, nn.Dropout(0.3, True).inplace] == [False, True]
    x = torch.ones(2, requires_grad=True)
    y = (x * x).sum()
    for _ in range(2):
        np.testing.assert_array_equal(torch.autograd.grad(y, x)[0], [2, 2])


class TestSaving:
    def test_nested_things_come_back(self, torch, tmp_path):
        nn = import_module("tinytorch.nn")
        model = nn.Linear(2, 2)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        saved = {
            "step": 3,
            "loss": np.float32(0.5),
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
        }
        saved |= {"names": ["a", None], "both": (torch.ones(2), True)}
        torch.save(saved, tmp_path / "all.pt")
        found = torch.load(tmp_path / "all.pt")
        assert (found["step"], found["loss"], found["names"]) == (3, 0.5, ["a", None])
        assert found["both"][0].tolist() == [1, 1]
        assert found["both"][1] is True
        torch.optim.Adam(model.parameters(), lr=0.2).load_state_dict(found["optimizer"])
        nn.Linear(2, 2).load_state_dict(found["model"])

    def test_a_state_dict_is_a_plain_file(self, torch, tmp_path):
        from safetensors.numpy import load_file

        torch.save({"w": torch.arange(6).reshape(2, 3).T}, tmp_path / "w.pt")
        assert load_file(tmp_path / "w.pt")["w"].tolist() == [[0, 3], [1, 4], [2, 5]]

    @pytest.mark.parametrize("thing", [object(), {"a": object()}, {(1, 2): 3}, lambda: 0])
    def test_what_could_run_is_refused_before_anything_is_written(self, torch, tmp_path, thing):
        with pytest.raises(TypeError, match=r"not offered: use "):
            torch.save(thing, tmp_path / "thing.pt")
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("content", [b"", b"\x80\x02}q\x00.", b"\xff" * 40, b"PK\x03\x04"])
    def test_other_files_are_refused(self, torch, tmp_path, content):
        (tmp_path / "file.pt").write_bytes(content)
        with pytest.raises(
            ValueError, match=r"file.pt is not a safetensors file .*: use safetensors"
        ):
            torch.load(tmp_path / "file.pt")

    def test_a_file_that_is_not_there(self, torch, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"no file .*none\.pt"):
            torch.load(tmp_path / "none.pt")


class TestData:
    def test_a_sampler_says_the_order(self, torch):
        data = import_module("tinytorch.utils.data")
        loader = data.DataLoader(range(5), batch_size=2, sampler=[4, 0, 2])
        assert [batch.tolist() for batch in loader] == [[4, 0], [2]]
        assert len(loader) == 2
        whole = data.DataLoader(range(5), batch_size=2, sampler=[4, 0, 2], drop_last=True)
        assert [batch.tolist() for batch in whole] == [[4, 0]]
        drawn = data.WeightedRandomSampler([0.0, 1.0], 3)
        assert [b.tolist() for b in data.DataLoader([7, 8], batch_size=3, sampler=drawn)] == [
            [8, 8, 8]
        ]
        with pytest.raises(ValueError, match="sampler or shuffle"):
            data.DataLoader(range(5), shuffle=True, sampler=[0])

    def test_datasets_one_after_the_other(self, torch):
        data = import_module("tinytorch.utils.data")
        both = data.ConcatDataset([range(3), range(10, 12)])
        assert [both[i] for i in range(len(both))] == [0, 1, 2, 10, 11]
        assert both[-1] == 11
        with pytest.raises(IndexError):
            both[5]


class TestModules:
    def test_a_list_of_modules_changes(self, torch):
        nn = import_module("tinytorch.nn")
        a, b, c = (nn.Linear(1, n) for n in (1, 2, 3))
        layers = nn.ModuleList([a, c])
        layers.insert(1, b)
        assert list(layers) == [a, b, c]
        layers[-1] = a
        assert [name for name, _ in layers[1:].named_parameters()] == [
            "0.weight",
            "0.bias",
            "1.weight",
            "1.bias",
        ]
        assert list(layers) == [a, b, a]

    def test_a_dictionary_of_modules_keeps_names_of_its_own_apart(self, torch):
        nn = import_module("tinytorch.nn")
        parts = nn.ModuleDict({"a": nn.Linear(1, 1)})
        assert ("a" in parts, list(parts), len(parts)) == (True, ["a"], 1)
        assert [name for name, _ in parts.named_parameters()] == ["a.weight", "a.bias"]
        with pytest.raises(KeyError, match="use another"):
            parts["forward"] = nn.Identity()
        with pytest.raises(KeyError):
            parts["b"]

    def test_buffers_are_saved_unless_told_otherwise(self, torch):
        nn = import_module("tinytorch.nn")
        module = nn.Identity()
        module.register_buffer("kept", torch.ones(2))
        module.register_buffer("passing", torch.ones(2), persistent=False)
        module.register_buffer("none", None)
        assert list(module.state_dict()) == ["kept"]
        assert module.passing.sum().item() == 2
        assert module.load_state_dict({"kept": np.zeros(2, np.float32)}).missing_keys == []
        assert (module.kept.sum().item(), module.passing.sum().item()) == (0, 2)

    def test_dtypes_of_a_whole_model(self, torch):
        nn = import_module("tinytorch.nn")
        model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).double()
        dtypes = {name: array.dtype.name for name, array in model.state_dict().items()}
        assert dtypes.pop("1.num_batches_tracked") == "int64"
        assert set(dtypes.values()) == {"float64"}
        assert model.get_parameter("0.weight").requires_grad
        assert model.get_submodule("1") is model[1]
        assert not any(p.requires_grad for p in model.requires_grad_(False).parameters())
