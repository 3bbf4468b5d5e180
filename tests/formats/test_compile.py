"""How kernels are compiled."""

from formats.compile import kernel


def test_a_step_is_compiled_once_for_all_constants() -> None:
    @kernel(cache=False)
    def doubled(number):
        return 2 * number

    @kernel("int64(int64)", cache=False)
    def sums(number):
        return doubled(1) + doubled(2) + doubled(number)

    assert sums(5) == 16
    assert len(doubled.signatures) == 1
