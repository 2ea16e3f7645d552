"""The same seed gives the same plans; all kinds of orders occur."""

from collections import Counter

from tools.chaos import plan


def test_given_a_seed_when_drawn_again_then_the_plans_are_the_same() -> None:
    assert plan.draw(50, seed=7) == plan.draw(50, seed=7)
    assert plan.draw(50, seed=7) != plan.draw(50, seed=8)


def test_given_many_orders_when_drawn_then_numbers_are_unique_and_all_kinds_occur() -> None:
    plans = plan.draw(1000, seed=1)
    assert sorted(each.number for each in plans) == list(range(1000))
    assert 100 < sum(each.cancels for each in plans) < 400
    assert {report for each in plans for report in each.reports} == {"shipped", "delivered", "returned"}
    assert not any(each.cancels and each.reports for each in plans)


def test_given_carts_when_drawn_then_each_customer_has_one() -> None:
    carts = Counter(each.customer for each in plan.draw(1000, seed=1) if each.from_cart)
    assert set(carts.values()) == {1}


def test_given_one_order_when_drawn_then_there_is_one_customer() -> None:
    (only,) = plan.draw(1, seed=1)
    assert only.customer == 0


def test_given_products_when_stocked_then_one_is_short() -> None:
    wanted = sum((each.units for each in plan.draw(1000, seed=1)), Counter[str]())
    short = [product for product, units in plan.stock(1000).items() if wanted[product] > units]
    assert short == [plan.SCARCE_PRODUCT]
