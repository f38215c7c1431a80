"""Specs of 08 dataloader."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from specs.descriptions import describe, show
from specs.framework import lazy, resolve
from specs.laws import (
    ask,
    assert_close,
    assert_dtype,
    assert_equal,
    assert_no_alias,
    assert_shape,
    broken,
    expect,
    raises,
    remember,
    unwrap,
)
from specs.oracles import dataloader as oracle
from specs.seeded import check_draws, state_of
from specs.strategies import FLOATS, arrays, kept, numbers, seeds, shapes

Tensor, manual_seed, default_generator = lazy(
    "tensor", "Tensor", "manual_seed", "default_generator"
)
Dataset, TensorDataset, Subset = lazy("dataloader", "Dataset", "TensorDataset", "Subset")
collate, batch_of, random_split = lazy("dataloader", "collate", "batch_of", "random_split")
DataLoader = lazy("dataloader", "DataLoader")
Compose, Normalize = lazy("dataloader", "Compose", "Normalize")
RandomHorizontalFlip, RandomCrop = lazy("dataloader", "RandomHorizontalFlip", "RandomCrop")

DTYPES = (*FLOATS, np.uint8, np.int64)
counts = st.integers(1, 12)
sizes = st.integers(1, 5)
probabilities = st.sampled_from([0, 0.25, 0.5, 1])
bad_images = pytest.mark.parametrize("shape", [(), (4,), (4, 4)])


@kept
def rows(count, dtypes=DTYPES, min_dims=0):
    """Arrays whose first axis has ``count`` rows, any numbers in them."""
    shape = shapes(min_dims=min_dims, max_dims=2, max_side=3).map(lambda rest: (count, *rest))
    return arrays(shape, dtypes)


@st.composite
def images(draw, dtypes=(*FLOATS, np.uint16, np.int64)):
    """Images (..., C, H, W) in which no two pixels are alike, and none is 0."""
    lead = draw(shapes(max_dims=2, max_side=3))
    shape = (*lead, *draw(shapes(min_dims=3, max_dims=3, min_side=1)))
    values = np.arange(1, np.prod(shape, dtype=int) + 1).reshape(shape)
    dtype = draw(st.sampled_from(dtypes))
    return values.astype(dtype)


@st.composite
def choices(draw):
    """How many items a dataset has, and some of their numbers."""
    count = draw(counts)
    return count, draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=8))


@st.composite
def partitions(draw, total):
    """Integers, zeros among them, that sum to ``total``."""
    cuts = sorted(draw(st.lists(st.integers(0, total), max_size=4)))
    return [b - a for a, b in zip([0, *cuts], [*cuts, total], strict=True)]


class Recorded:
    """The items 0, 10, 20, …; ``asked`` keeps which ones were asked for."""

    def __init__(self, count):
        self.count = count
        self.asked = []

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if not isinstance(index, int):
            broken("dataset[index] with an int", f"dataset[{index!r}]")
        if not 0 <= index < self.count:
            raise IndexError(index)
        self.asked.append(index)
        return 10 * index

    def __repr__(self):
        return f"Items({self.count})"


class Gathered(Recorded):
    """The same, for a dataset that can also gather many at once: ``asked`` keeps the lists."""

    def fetch(self, indices):
        self.asked.append(indices.tolist())
        return 10 * indices


kinds = st.sampled_from([Recorded, Gathered])


def loader_of(dataset, seed=None, **options):
    """A DataLoader, drawing from a generator of that seed, remembered for the message."""
    words = [f"{name}={show(value)}" for name, value in options.items()]
    if seed is not None:
        options["generator"] = np.random.default_rng(seed)
        words.append(f"generator=np.random.default_rng({seed})")
    remember(f"DataLoader({', '.join([show(dataset), *words])})", resolve(DataLoader).__iter__)
    return DataLoader(dataset, **options)


def items_of(loader):
    """The batches of one pass, each as a list."""
    return [unwrap(batch).tolist() for batch in loader]


def joined(batches):
    return [item for batch in batches for item in batch]


def transformed(transform, x, text):
    """What a transform makes of an array: an ndarray, and the input stays as it was."""
    remember(f"{text}({show(x)})", type(transform).__call__)
    given_x = x.copy()
    result = transform(given_x)
    expect(isinstance(result, np.ndarray), "an ndarray", f"{type(result).__name__}")
    expect(np.array_equal(given_x, x), "an input that stays as it was", f"{show(given_x)}")
    assert_no_alias(result, given_x)
    return result


class TestTensorDataset:
    """pair up arrays"""

    @given(counts.flatmap(lambda n: st.tuples(rows(n), rows(n), st.integers(-n, n - 1))))
    def test_an_item_is_the_tuple_of_rows(self, case):
        """dataset[i] is the tuple of row i of each array, as Tensors; the arrays are not copied."""
        x, y, index = case
        dataset = TensorDataset(x, Tensor(y))
        remember(f"TensorDataset({show(x)}, {show(y)})[{index}]", resolve(TensorDataset).fetch)
        got = unwrap(dataset[index])
        expect(len(got) == 2 and len(dataset) == len(x), f"2 parts of {len(x)} items", f"{got}")
        shared = x.size == 0 or np.shares_memory(dataset.arrays[0], x)
        expect(shared, "the array that was given, not copied", "a copy")
        for part, array in zip(got, (x, y), strict=True):
            assert_equal(part, np.asarray(array[index]))
            assert_dtype(part, array.dtype)

    @given(st.data(), counts.flatmap(lambda n: st.tuples(rows(n), rows(n))))
    def test_fetch_gathers_rows(self, data, columns):
        """fetch gives any rows in any order, even repeated ones, as a tuple of arrays."""
        chosen = data.draw(st.lists(st.integers(0, len(columns[0]) - 1), max_size=6))
        dataset = TensorDataset(*columns)
        remember(f"TensorDataset(...).fetch(np.array({chosen}))", dataset.fetch)
        got = dataset.fetch(np.array(chosen, np.int64))
        expect(isinstance(got, tuple) and len(got) == 2, "a tuple of 2 arrays", show(got))
        for part, array in zip(got, columns, strict=True):
            assert_equal(part, array[chosen] if chosen else array[:0])
            assert_no_alias(part, *dataset.arrays)

    @given(counts, st.integers(0, 9))
    def test_refuses_rows_that_are_not_there(self, count, beyond):
        """An index at or beyond the length, from either end, is an IndexError."""
        dataset = TensorDataset(np.zeros((count, 2)))
        for index in (count + beyond, -count - 1 - beyond):
            with raises(IndexError):
                dataset[index]

    @given(counts, counts, shapes(max_dims=2))
    def test_refuses_arrays_of_different_lengths(self, first, second, rest):
        """First axes of different lengths are a ValueError that shows the shapes."""
        second += first == second
        shape = (second, *rest)
        with raises(ValueError, naming=f"tensors ({first},) {shape}"):
            TensorDataset(np.zeros(first), np.zeros(first), np.zeros(shape))

    @pytest.mark.parametrize("tensors", [(), (3.0,), (np.zeros(2), np.array(1))], ids=repr)
    def test_refuses_what_has_no_rows(self, tensors):
        """No tensors at all, or a 0-d one, is a ValueError."""
        with raises(ValueError, naming="tensors"):
            TensorDataset(*tensors)

    @given(st.lists(st.integers(0, 9), min_size=1, max_size=5))
    def test_lists_become_tensors(self, values):
        """Lists are converted as Tensor converts them: Python floats become float32."""
        floats = [[value / 2] for value in values]
        x, y = unwrap(TensorDataset(floats, values)[0])
        assert_equal(x, np.array(floats[0], np.float32))
        assert_dtype(x, np.float32)
        assert_dtype(y, np.int64)

    @given(
        counts.flatmap(
            lambda n: st.tuples(rows(n, FLOATS), rows(n), st.lists(st.integers(0, n - 1)))
        )
    )
    def test_transforms_the_first_array_in_one_call(self, case):
        """The transform gets the requested rows of the first array, all at once, every time."""
        x, y, chosen = case
        calls = []
        dataset = TensorDataset(x, y, transform=lambda part: calls.append(part) or part + 1)
        remember(f"TensorDataset(x, y, transform=lambda x: x + 1).fetch({chosen})", dataset.fetch)
        for _ in range(2):
            images, labels = dataset.fetch(np.array(chosen, np.int64))
            assert_equal(images, x[np.array(chosen, np.int64)] + 1)
            assert_equal(labels, y[np.array(chosen, np.int64)])
        expect(len(calls) == 2, "one call of the transform for each fetch", f"{len(calls)} in 2")
        assert_equal(unwrap(dataset[0])[0], np.asarray(x[0] + 1))
        assert_equal(dataset.arrays[0], x)


class TestCollate:
    """stack items into a batch"""

    @given(sizes.flatmap(lambda n: rows(n)))
    def test_stacks_arrays(self, x):
        """Arrays or Tensors of one shape become one Tensor (N, ...) of their dtype."""
        for items in (list(x), [Tensor(row) for row in x]):
            remember(f"collate({show(items)})", resolve(collate))
            got = unwrap(collate(items))
            assert_equal(got, oracle.stack(list(x)))
            assert_dtype(got, x.dtype)
            assert_no_alias(got, x)

    @given(
        st.lists(numbers(dtype=np.float32), min_size=1) | st.lists(st.integers(-99, 99), min_size=1)
    )
    def test_numbers_become_one_axis(self, items):
        """Python numbers become a Tensor (N,): floats float32, integers int64; mixed, none is truncated."""
        remember(f"collate({show(items)})", resolve(collate))
        got = unwrap(collate(items))
        assert_equal(got, oracle.stack(items))
        assert_dtype(got, np.float32 if isinstance(items[0], float) else np.int64)
        assert_close(unwrap(ask(collate, [*items, 0.5])), np.array([*items, 0.5]), rtol=1e-6)

    @given(sizes.flatmap(lambda n: st.tuples(rows(n), rows(n), rows(n))), st.booleans())
    def test_tuples_become_a_tuple_of_batches(self, columns, as_lists):
        """Items (a, (b, c)) become a batch of a and a tuple of batches of b and c."""
        items = [(a, [b, c]) if as_lists else (a, (b, c)) for a, b, c in zip(*columns, strict=True)]
        remember(f"collate({show(items)})", resolve(collate))
        got = collate(items)
        expect(isinstance(got, tuple) and isinstance(got[1], tuple), "(a, (b, c))", show(got))
        first, (second, third) = unwrap(got)
        for batch, column in zip((first, second, third), columns, strict=True):
            assert_equal(batch, column)

    @given(shapes(max_dims=2), shapes(max_dims=2), st.integers(1, 4), st.booleans(), st.booleans())
    def test_refuses_items_of_different_shapes(self, shape, other, position, nested, numbered):
        """Shapes that differ are a ValueError with both shapes and the index of the other item."""
        other = (*other, 1) if shape == other else other
        arrays = [np.zeros(other if i == position else shape) for i in range(5)]
        items = [(0, array) for array in arrays] if nested else arrays
        numbers_of_items = [70, 61, 52, 43, 34] if numbered else range(5)
        named = f"{numbers_of_items[position]} {shape} {other}"
        with raises(ValueError, naming=named):
            collate(items, numbers_of_items) if numbered else collate(items)

    @pytest.mark.parametrize("odd", [(1,), (1, 2, 3), (), [1]], ids=repr)
    def test_refuses_tuples_of_different_lengths(self, odd):
        """A tuple longer or shorter than the first is a ValueError with its index."""
        with raises(ValueError, naming=f"5 2 {len(odd)}"):
            collate([(1, 2)] * 5 + [odd])

    @pytest.mark.parametrize("item", ["text", None, object()], ids=["text", "None", "object"])
    def test_refuses_what_cannot_be_stacked(self, item):
        """Items that are not numbers are a TypeError."""
        with raises(TypeError):
            collate([item, item])

    @given(
        counts.flatmap(lambda n: st.tuples(st.just(n), st.lists(st.integers(0, n - 1), min_size=1)))
    )
    def test_a_batch_holds_the_items_asked_for(self, case):
        """batch_of calls fetch once with all indices, or else takes each item with an int."""
        count, chosen = case
        for dataset, asked in ((Recorded(count), chosen), (Gathered(count), [chosen])):
            remember(f"batch_of({dataset}, np.array({chosen}))", resolve(batch_of))
            assert_equal(
                unwrap(batch_of(dataset, np.array(chosen))).tolist(), [10 * i for i in chosen]
            )
            expect(dataset.asked == asked, f"to be asked for {asked}", f"{dataset.asked}")

    @given(st.permutations(range(4)))
    def test_errors_name_items_by_their_numbers_in_the_dataset(self, chosen):
        """If items differ in shape, batch_of names the item by its index in the dataset."""
        dataset = [np.zeros(7), np.zeros(7), np.zeros(8), np.zeros(7)]
        odd = "2" if chosen[0] != 2 else ""  # else any of the others will do
        with raises(ValueError, naming=f"{odd} (7,) (8,)"):
            batch_of(dataset, np.array(chosen))


class TestBatches:
    """cut a dataset into batches"""

    @given(counts, sizes, st.booleans(), kinds)
    def test_batches_come_in_order(self, count, size, drop_last, kind):
        """Without shuffle, batches hold items 0, 1, 2, …; the last one is smaller, or dropped."""
        loader = loader_of(kind(count), batch_size=size, drop_last=drop_last)
        for _ in range(2):
            batches = items_of(loader)
            wanted = oracle.batch_sizes(count, size, drop_last)
            assert_equal([len(batch) for batch in batches], wanted)
            assert_equal(joined(batches), [10 * i for i in range(sum(wanted))])

    @given(counts, sizes, st.booleans(), st.booleans())
    def test_len_is_the_number_of_batches(self, count, size, drop_last, shuffle):
        """len(loader) is the number of batches in a pass."""
        options = {"batch_size": size, "drop_last": drop_last, "shuffle": shuffle}
        loader = loader_of(range(count), **options)
        text = describe(DataLoader, [range(count)], options)
        remember(f"len({text})", resolve(DataLoader).__len__)
        assert_equal(len(loader), len(oracle.batch_sizes(count, size, drop_last)))
        assert_equal(len(loader), len(items_of(loader)))

    def test_single_items_in_order_are_the_default(self):
        """DataLoader(dataset) gives batches of one item each, in order."""
        assert_equal(items_of(loader_of(range(3))), [[0], [1], [2]])

    @given(counts, sizes, st.booleans(), st.data())
    def test_a_batch_is_made_when_it_is_asked_for(self, count, size, shuffle, data):
        """After k batches only their items have been requested, each once."""
        dataset = Recorded(count)
        loader = loader_of(dataset, batch_size=size, shuffle=shuffle)
        passing = iter(loader)
        taken = []
        for _ in range(data.draw(st.integers(0, len(loader)))):
            taken += unwrap(next(passing)).tolist()
        expect(
            [10 * i for i in dataset.asked] == taken, f"items {taken}", f"{dataset.asked} asked for"
        )

    @given(st.integers(1, 64))
    def test_a_huge_dataset_starts_at_once(self, size):
        """A dataset of 10¹⁵ items that are made on request gives its first batches at once."""
        # So many that listing them fails at once, instead of filling the memory of a laptop.
        count = 10**15
        loader = loader_of(range(count), batch_size=size)
        assert_equal(len(loader), -(-count // size))
        passing = iter(loader)
        assert_equal(unwrap(next(passing)).tolist(), list(range(size)))
        assert_equal(unwrap(next(passing)).tolist(), list(range(size, 2 * size)))

    @given(counts, sizes, st.booleans(), kinds)
    def test_collate_fn_makes_the_batch(self, count, size, shuffle, kind):
        """collate_fn is called with the list of items, and the batch is what it returns."""
        mine = lambda items: ("mine", items)
        loader = loader_of(kind(count), batch_size=size, shuffle=shuffle, collate_fn=mine)
        batches = list(loader)
        expect(all(b[0] == "mine" and type(b[1]) is list for b in batches), "its results", batches)
        got = joined(batch[1] for batch in batches)
        assert_equal(sorted(got) if shuffle else got, [10 * i for i in range(count)])

    @given(counts, sizes)
    def test_serves_a_dataset_of_ones_own(self, count, size):
        """A class derived from Dataset works, even with pairs."""

        class Squares(Dataset):
            def __len__(self):
                return count

            def __getitem__(self, index):
                return np.array([index, index**2]), index % 2 == 0

        got = [unwrap(batch) for batch in loader_of(Squares(), batch_size=size)]
        pairs, even = (np.concatenate(parts) for parts in zip(*got, strict=True))
        assert_equal(pairs, np.array([[i, i**2] for i in range(count)]))
        assert_equal(even, np.array([i % 2 == 0 for i in range(count)]))

    def test_batches_have_memory_of_their_own(self):
        """Changing a batch never changes the dataset."""
        x = np.arange(6.0).reshape(3, 2)
        for batch, *_ in loader_of(TensorDataset(x), batch_size=2):
            assert_no_alias(batch.data, x)

    @pytest.mark.parametrize("size", [0, -1, -64])
    def test_refuses_batches_without_items(self, size):
        """A batch_size below 1 is a ValueError."""
        with raises(ValueError, naming=f"batch_size {size}"):
            DataLoader(range(3), batch_size=size)

    @pytest.mark.parametrize("size", [2.0, "2", None, True], ids=repr)
    def test_refuses_sizes_that_are_no_whole_numbers(self, size):
        """A batch_size that is not an integer is a TypeError; True is not one."""
        with raises(TypeError, naming="batch_size"):
            DataLoader(range(3), batch_size=size)

    def test_takes_whole_numbers_of_numpy(self):
        """A batch_size may be a NumPy integer."""
        assert_equal(items_of(loader_of(range(3), batch_size=np.int64(2))), [[0, 1], [2]])

    @pytest.mark.parametrize("shuffle", [False, True])
    def test_refuses_an_empty_dataset(self, shuffle):
        """A dataset without items is a ValueError."""
        with raises(ValueError, naming="dataset"):
            DataLoader([], shuffle=shuffle)


class TestShuffle:
    """shuffle again in each pass"""

    @given(counts, sizes, seeds(), kinds)
    def test_every_item_comes_once(self, count, size, seed, kind):
        """A shuffled pass holds every item exactly once."""
        batches = items_of(loader_of(kind(count), batch_size=size, shuffle=True, seed=seed))
        assert_equal([len(batch) for batch in batches], oracle.batch_sizes(count, size, False))
        assert_equal(sorted(joined(batches)), [10 * i for i in range(count)])

    @given(counts, sizes, seeds())
    def test_drop_last_leaves_out_only_the_rest(self, count, size, seed):
        """With drop_last all batches are full, no item comes twice, and few are left out."""
        loader = loader_of(range(count), batch_size=size, shuffle=True, drop_last=True, seed=seed)
        batches = items_of(loader)
        assert_equal([len(batch) for batch in batches], oracle.batch_sizes(count, size, True))
        got = joined(batches)
        expect(
            len(set(got)) == len(got) and set(got) <= set(range(count)), "each at most once", got
        )

    def test_drop_last_leaves_out_other_items_each_time(self):
        """Which items fall into a dropped batch is random too."""
        loader = loader_of(range(4), batch_size=3, shuffle=True, drop_last=True, seed=0)
        left_out = {frozenset(range(4)) - set(joined(items_of(loader))) for _ in range(200)}
        expect(len(left_out) == 4, "each of 4 items left out in some of 200 passes", f"{left_out}")

    @given(counts, sizes, seeds())
    def test_the_seed_gives_the_order(self, count, size, seed):
        """Two loaders whose generators have the same seed give the same batches, pass by pass."""
        one, other = (
            loader_of(range(count), batch_size=size, shuffle=True, seed=seed) for _ in "12"
        )
        for _ in range(3):
            assert_equal(items_of(one), items_of(other))

    @given(st.integers(25, 60), seeds())
    def test_each_pass_has_a_new_order(self, count, seed):
        """Two passes through one loader differ in order, and so do two seeds."""
        loader = loader_of(range(count), batch_size=8, shuffle=True, seed=seed)
        first = items_of(loader)
        expect(items_of(loader) != first, "a new order in the second pass", "the same again")
        other = loader_of(range(count), batch_size=8, shuffle=True, seed=seed + 1)
        expect(items_of(other) != first, "another order from another seed", "the same")
        expect(joined(first) != list(range(count)), "an order that is mixed", joined(first))

    def test_every_order_is_as_likely(self):
        """Each of the 6 orders of 3 items occurs in about 100 of 600 passes."""
        loader = loader_of(range(3), batch_size=3, shuffle=True, seed=1)
        orders = [tuple(joined(items_of(loader))) for _ in range(600)]
        seen = {order: orders.count(order) for order in orders}
        expect(
            len(seen) == 6 and min(seen.values()) > 40, "6 orders, each about 100 times", f"{seen}"
        )

    def test_draws_from_the_default_generator(self):
        """Without a generator, manual_seed determines the order, whenever the loader was made."""
        loader = loader_of(range(30), batch_size=7, shuffle=True)
        own = lambda g: DataLoader(range(30), 7, shuffle=True, generator=g)
        check_draws(
            lambda generator=None: joined(items_of(own(generator) if generator else loader))
        )

    @given(seeds())
    def test_leaves_other_generators_alone(self, seed):
        """Only the loader's own generator draws, and without shuffle not even that."""
        manual_seed(seed)
        before = state_of(default_generator())
        items_of(loader_of(range(9), batch_size=4, shuffle=True, seed=seed))
        expect(state_of(default_generator()) == before, "an unmoved default", "a moved one")
        own = np.random.default_rng(seed)
        before = state_of(own)
        items_of(DataLoader(range(9), batch_size=4, generator=own))
        expect(state_of(own) == before, "no draw without shuffle", "a draw")

    @given(counts, sizes, seeds())
    def test_pairs_stay_together(self, count, size, seed):
        """An image keeps its label however the pairs are shuffled."""
        x = np.arange(count * 2).reshape(count, 2)
        loader = loader_of(TensorDataset(x, 2 * x), batch_size=size, shuffle=True, seed=seed)
        for image, label in map(unwrap, loader):
            assert_equal(label, 2 * image)


class TestPasses:
    """make several passes at once"""

    @given(counts, sizes)
    def test_loops_can_be_nested(self, count, size):
        """A pass inside a pass through the same loader meets every pair of batches."""
        loader = loader_of(range(count), batch_size=size)
        batches = items_of(loader)
        got = [(unwrap(a).tolist(), unwrap(b).tolist()) for a in loader for b in loader]
        assert_equal(got, [(a, b) for a in batches for b in batches])

    @given(counts, sizes, seeds())
    def test_a_pass_given_up_changes_nothing(self, count, size, seed):
        """After an abandoned pass, the next one runs as if the first had finished."""
        one, other = (
            loader_of(range(count), batch_size=size, shuffle=True, seed=seed) for _ in "12"
        )
        next(iter(one))
        items_of(other)
        assert_equal(items_of(one), items_of(other))

    def test_interleaved_passes_are_independent(self):
        """However passes are interleaved, each gives what it would have given alone."""
        resolve(DataLoader)
        run_state_machine_as_test(InterleavedPasses, settings=settings(stateful_step_count=20))


class InterleavedPasses(RuleBasedStateMachine):
    """Passes through one loader, taken in turns, beside a twin whose passes run one by one."""

    @initialize(count=counts, size=sizes, drop_last=st.booleans(), seed=seeds())
    def make(self, count, size, drop_last, seed):
        options = {"batch_size": size, "shuffle": True, "drop_last": drop_last, "seed": seed}
        self.twin = loader_of(range(count), **options)
        self.loader = loader_of(range(count), **options)
        self.running = []

    @rule()
    def begin(self):
        """A pass begins: its first batch is taken at once, which is when its order is drawn."""
        self.running.append((iter(self.loader), iter(items_of(self.twin))))
        self.take(len(self.running) - 1)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def advance(self, data):
        self.take(data.draw(st.integers(0, len(self.running) - 1)))

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def give_up(self, data):
        self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))

    def take(self, which):
        passing, alone = self.running[which]
        batch, wanted = next(passing, None), next(alone, None)
        got = batch if batch is None else unwrap(batch).tolist()
        expect(got == wanted, f"batch {wanted} as in a pass alone", f"{got}")


class TestSplit:
    """split a dataset"""

    @given(counts.flatmap(partitions), seeds())
    def test_each_item_is_in_one_part(self, lengths, seed):
        """The parts have the given lengths, and each item is in exactly one of them."""
        parts = split(Recorded(sum(lengths)), lengths, seed)
        assert_equal([len(part) for part in parts], lengths)
        got = [part[i] for part in parts for i in range(len(part))]
        assert_equal(sorted(got), [10 * i for i in range(sum(lengths))])

    @given(st.integers(0, 40), partitions(8), seeds(), st.sampled_from([float, *FLOATS]))
    def test_fractions_give_the_lengths(self, count, eighths, seed, kind):
        """A fraction f gives ⌊f · n⌋ items; the first parts share what is left over."""
        fractions = [kind(part / 8) for part in eighths]
        parts = split(Recorded(count), fractions, seed)
        assert_equal([len(part) for part in parts], oracle.shares(count, fractions))
        got = [part[i] for part in parts for i in range(len(part))]
        assert_equal(sorted(got), [10 * i for i in range(count)])

    def test_fractions_may_be_rounded(self):
        """Fractions such as ten times 0.1 need not sum to 1 to the last bit."""
        assert_equal([len(part) for part in split(range(50), [0.1] * 10, 0)], [5] * 10)
        assert_equal([len(part) for part in split(range(9), [1 / 3] * 3, 0)], [3] * 3)

    @pytest.mark.parametrize("fractions", [[0, 1.0], [1, 0.0]], ids=str)
    def test_one_float_makes_fractions(self, fractions):
        """If one of the lengths is a float, all are fractions, even a 0 or a 1."""
        assert_equal(
            [len(part) for part in split(range(4), fractions, 0)], [4 * f for f in fractions]
        )

    def test_the_seed_gives_the_parts(self):
        """The same seed gives the same parts, also through manual_seed; another draw gives others."""
        remember("random_split(range(40), [30, 10], generator)", resolve(random_split))
        check_draws(lambda **given: joined(map(list, random_split(range(40), [30, 10], **given))))

    def test_every_item_is_as_likely_in_each_part(self):
        """Split 1 to 3, each of 4 items is the one alone in about 150 of 600 splits."""
        generator = np.random.default_rng(2)
        remember("random_split(range(4), [1, 3], generator), 600 times", resolve(random_split))
        alone = [random_split(range(4), [1, 3], generator)[0][0] for _ in range(600)]
        seen = [alone.count(item) for item in range(4)]
        expect(min(seen) > 80, "each item about 150 times alone", f"{seen}")

    def test_asks_for_no_item(self):
        """Splitting needs only the length of the dataset."""
        dataset = Recorded(10)
        split(dataset, [5, 5], 0)
        expect(dataset.asked == [], "no item asked for", f"{dataset.asked}")

    @pytest.mark.parametrize(
        "lengths",
        [
            [3, 6],
            [5, 6],
            [11, -1],
            [0.5, 0.4],
            [0.6, 0.6],
            [0.5, 0.49],
            [1.5, -0.5],
            [0.5, float("nan")],
            [],
        ],
        ids=str,
    )
    def test_refuses_lengths_that_do_not_fit(self, lengths):
        """Lengths that do not sum to len(dataset), fractions not to 1, or negative: ValueError."""
        with raises(ValueError, naming="lengths"):
            random_split(range(10), lengths)

    @given(choices())
    def test_a_subset_has_the_items_in_its_order(self, choice):
        """Item i of Subset(dataset, indices) is dataset[indices[i]], even fetched and nested."""
        count, chosen = choice
        wanted = [10 * i for i in chosen]
        for kind in (Recorded, Gathered):
            subset = Subset(kind(count), chosen)
            remember(f"Subset({kind(count)}, {chosen})", resolve(Subset).__getitem__)
            assert_equal([subset[i] for i in range(len(subset))], wanted)
            assert_equal(subset[-1], wanted[-1])
            fetched = ask(subset.fetch, np.arange(len(chosen)))
            assert_equal(unwrap(fetched).tolist(), wanted)
            backwards = Subset(subset, range(len(chosen))[::-1])
            assert_equal(joined(items_of(loader_of(backwards, batch_size=3))), wanted[::-1])

    def test_a_subset_is_as_fast_as_its_dataset(self):
        """A batch of a subset, even of a nested one, calls the dataset's fetch only once."""
        dataset = Gathered(10)
        subset = Subset(Subset(dataset, [1, 3, 5, 7, 9]), [4, 2, 0])
        assert_equal(joined(items_of(loader_of(subset, batch_size=3))), [90, 50, 10])
        expect(dataset.asked == [[9, 5, 1]], "one call of fetch", f"{dataset.asked}")

    def test_a_subset_refuses_items_it_has_not(self):
        """An index beyond the subset is an IndexError, even if the dataset has such an item."""
        for index in (3, -4):
            with raises(IndexError):
                Subset(range(10), [1, 2, 3])[index]


def split(dataset, lengths, seed):
    """The parts of a random split, remembered for the message."""
    generator = np.random.default_rng(seed)
    drawn = f"np.random.default_rng({seed})"
    remember(f"random_split({show(dataset)}, {lengths}, {drawn})", resolve(random_split))
    return random_split(dataset, lengths, generator)


class TestTransforms:
    """transform images"""

    @given(st.lists(st.sampled_from([1, 2, 3]), max_size=4), st.integers(-9, 9))
    def test_compose_applies_in_order(self, factors, x):
        """Compose([f, g])(x) is g(f(x)); an empty one returns x."""
        steps = [lambda value, factor=factor: value * factor + 1 for factor in factors]
        expected = x
        for step in steps:
            expected = step(expected)
        remember(
            f"Compose of x * f + 1 for f in {factors}, called with {x}", resolve(Compose).__call__
        )
        composed = Compose(iter(steps))
        for _ in range(2):
            assert_equal(composed(x), expected)

    @given(images(FLOATS), st.data())
    def test_normalizes_each_channel(self, x, data):
        """Normalize gives (x - mean) / std with a mean and a std for each channel, in x's dtype."""
        x = x.astype(data.draw(st.sampled_from([x.dtype, np.float16])))
        each = st.lists(st.floats(0.25, 4.0), min_size=x.shape[-3], max_size=x.shape[-3])
        mean, std = data.draw(each), data.draw(each)
        got = transformed(Normalize(mean, std), x, f"Normalize({mean}, {std})")
        rtol = 1e-2 if x.dtype == np.float16 else None
        assert_close(got, oracle.normalize(x, mean, std).astype(x.dtype), rtol, rtol)
        assert_dtype(got, x.dtype)

    @given(images(), st.floats(-4.0, 4.0), st.floats(0.25, 4.0))
    def test_one_number_serves_all_channels(self, x, mean, std):
        """A single mean and std apply to every channel; images of integers give float32."""
        got = transformed(Normalize(mean, std), x, f"Normalize({mean}, {std})")
        assert_equal(Normalize([mean], [std])(x), got)
        channels = x.shape[-3]
        dtype = x.dtype if x.dtype in FLOATS else np.float32
        assert_close(got, oracle.normalize(x, [mean] * channels, [std] * channels).astype(dtype))
        assert_dtype(got, dtype)

    @pytest.mark.parametrize(
        ("mean", "std"), [(0.5, 0), ([0.1, 0.2], [1, 0]), (0, -1), (0, float("nan"))], ids=str
    )
    def test_normalize_refuses_such_a_std(self, mean, std):
        """A std that is not above 0 is a ValueError."""
        with raises(ValueError, naming="std"):
            Normalize(mean, std)

    def test_normalize_refuses_unequal_numbers(self):
        """Different numbers of means and stds are a ValueError, even if one of them is a single number."""
        for means, stds in ((3, 2), (3, 1), (1, 3)):
            with raises(ValueError, naming="std"):
                Normalize([0.5] * means, [1.0] * stds)
        with raises(ValueError, naming="std"):
            Normalize([0.1, 0.2, 0.3], 1.0)

    @pytest.mark.parametrize(("means", "channels"), [(3, 1), (3, 2), (2, 3)])
    def test_normalize_refuses_other_channels(self, means, channels):
        """Means for another number of channels are a ValueError with the shape of x."""
        shape = (5, channels, 4, 4)
        with raises(ValueError, naming=str(shape)):
            Normalize([0.5] * means, [1.0] * means)(np.zeros(shape))

    @bad_images
    def test_refuses_what_is_no_image(self, shape):
        """An array without the axes (..., C, H, W) is a ValueError."""
        for transform in (Normalize(0, 1), RandomHorizontalFlip(), RandomCrop(1)):
            with raises(ValueError, naming=str(shape)):
                transform(np.zeros(shape))


class TestAugmentation:
    """augment images at random"""

    @given(images(), probabilities, seeds())
    def test_a_flip_mirrors_or_keeps(self, x, p, seed):
        """Each image comes back as it is or mirrored left to right: always for p = 1, never for 0."""
        flip = RandomHorizontalFlip(p, generator=np.random.default_rng(seed))
        got = transformed(flip, x, f"RandomHorizontalFlip({p})")
        assert_dtype(got, x.dtype)
        assert_shape(got, x.shape)
        for place in np.ndindex(x.shape[:-3]):
            allowed = [x[place]] * (p < 1) + [oracle.mirror(x[place])] * (p > 0)
            expect(
                any(np.array_equal(got[place], a) for a in allowed),
                f"one of {show(allowed)}",
                got[place],
            )

    @pytest.mark.parametrize("p", [0.2, 0.5, 0.8])
    def test_each_image_is_flipped_with_probability_p(self, p):
        """Of 400 images, a share of about p is mirrored: in a batch, in a stack of batches, and alone."""
        x = np.tile(np.array([1, 2]), (400, 1, 1, 1))  # (400, 1, 1, 2)
        flip = RandomHorizontalFlip(p, generator=np.random.default_rng(3))
        remember(f"RandomHorizontalFlip({p})", resolve(RandomHorizontalFlip).__call__)
        for got in (flip(x), flip(x[np.newaxis])[0], np.stack([flip(image) for image in x])):
            share = float((got[:, 0, 0, 0] == 2).mean())
            expect(abs(share - p) < 0.15, f"a share of about {p}", f"{share}")

    @given(images(), st.integers(0, 2), st.data(), seeds())
    def test_a_crop_is_a_window_of_its_image(self, x, padding, data, seed):
        """Each crop is a window of its image with zeros around it, at one place for all channels."""
        limits = [length + 2 * padding for length in x.shape[-2:]]
        size = data.draw(st.tuples(*[st.integers(1, limit) for limit in limits]))
        crop = RandomCrop(size, padding=padding, generator=np.random.default_rng(seed))
        got = transformed(crop, x, f"RandomCrop({size}, padding={padding})")
        assert_shape(got, (*x.shape[:-2], *size))
        assert_dtype(got, x.dtype)
        for place in np.ndindex(x.shape[:-3]):
            windows = oracle.windows(x[place], size, padding).values()
            found = any(np.array_equal(got[place], window) for window in windows)
            expect(found, f"a window {size} of {show(x[place])}", got[place])

    def test_a_crop_of_the_whole_is_the_image(self):
        """A window as large as the image, without padding by default, has one place."""
        x = np.arange(1.0, 19).reshape(3, 1, 2, 3)
        for seed in range(4):
            crop = RandomCrop((2, 3), generator=np.random.default_rng(seed))
            assert_equal(transformed(crop, x, "RandomCrop((2, 3))"), x)

    @pytest.mark.parametrize(("size", "padding"), [((1, 3), 0), ((3, 4), 1), (2, 0)], ids=str)
    def test_every_place_is_as_likely(self, size, padding):
        """All windows come about equally often: in a batch, in a stack of batches, and one by one."""
        image = np.arange(1, 7).reshape(1, 2, 3)
        both = (size, size) if isinstance(size, int) else size
        windows = oracle.windows(image, both, padding).values()
        crop = RandomCrop(size, padding, np.random.default_rng(4))
        remember(f"RandomCrop({size}, {padding})", resolve(RandomCrop).__call__)
        batch = np.tile(image, (800, 1, 1, 1))
        for crops in (crop(batch), crop(batch[np.newaxis])[0], [crop(image) for _ in range(800)]):
            shapes_seen = {np.shape(c) for c in crops}
            expect(shapes_seen == {(1, *both)}, f"crops of shape {(1, *both)}", f"{shapes_seen}")
            is_there = [np.equal(crops, window).all(axis=(1, 2, 3)) for window in windows]
            seen = [int(there.sum()) for there in is_there]
            fair = 800 / len(seen)
            expect(
                min(seen) > 0.55 * fair, f"each of {len(seen)} about {fair:.0f} times", f"{seen}"
            )

    def test_the_seed_gives_the_result(self):
        """The same seed gives the same images, also through manual_seed; the next draw gives others."""
        x = np.arange(50 * 16).reshape(50, 1, 4, 4)
        for make in (RandomHorizontalFlip, lambda **options: RandomCrop(2, **options)):
            default, one = make(), make(generator=np.random.default_rng(0))
            remember(f"{type(one).__name__} of 50 images", type(one).__call__)
            check_draws(
                lambda generator=None, make=make, default=default: (
                    make(generator=generator) if generator else default
                )(x)
            )
            expect((one(x) != one(x)).any(), "other images from the next draw", "the same")

    @pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
    def test_flip_refuses_what_is_no_probability(self, p):
        """A p outside [0, 1] is a ValueError."""
        with raises(ValueError, naming=f"p {p}"):
            RandomHorizontalFlip(p)

    @pytest.mark.parametrize("size", [0, -1, (2, 0), (2,), (1, 2, 3), 2.5, (2, 1.5)], ids=str)
    def test_crop_refuses_such_sizes(self, size):
        """A size that is not one or two integers of at least 1 is a ValueError."""
        with raises(ValueError, naming=f"size {size}"):
            RandomCrop(size)

    def test_crop_refuses_negative_padding(self):
        """A negative padding is a ValueError."""
        with raises(ValueError, naming="padding -1"):
            RandomCrop(2, padding=-1)

    @pytest.mark.parametrize(("size", "padding"), [((5, 1), 0), ((1, 7), 1), (8, 2)], ids=str)
    def test_crop_refuses_images_that_are_too_small(self, size, padding):
        """A window larger than the padded image is a ValueError with size and shape."""
        with raises(ValueError, naming="size (2, 1, 3, 4)"):
            RandomCrop(size, padding)(np.zeros((2, 1, 3, 4)))

    def test_a_loader_augments_whole_batches(self):
        """As the transform of a TensorDataset, it flips each image of a batch independently."""
        x = np.tile(np.array([1.0, 2.0]), (400, 1, 1, 1))
        flip = RandomHorizontalFlip(generator=np.random.default_rng(5))
        loader = loader_of(TensorDataset(x, np.arange(400), transform=flip), batch_size=400)
        ((batch, labels),) = loader
        share = float((unwrap(batch)[:, 0, 0, 0] == 2).mean())
        expect(abs(share - 0.5) < 0.15, "about half of the batch mirrored", f"{share}")
        assert_equal(unwrap(labels), np.arange(400))
