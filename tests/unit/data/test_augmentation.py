from tilewright.data import shuffle_order


def test_the_order_is_a_permutation_that_depends_on_seed_and_epoch():
    order = shuffle_order(100, seed=0, epoch=0)
    assert sorted(order.tolist()) == list(range(100))
    assert (order == shuffle_order(100, seed=0, epoch=0)).all()
    assert (order != shuffle_order(100, seed=0, epoch=1)).any()
    assert (order != shuffle_order(100, seed=1, epoch=0)).any()


def test_the_order_is_the_same_on_every_machine_and_version():
    assert shuffle_order(8, seed=0, epoch=0).tolist() == [0, 3, 7, 5, 1, 2, 6, 4]
