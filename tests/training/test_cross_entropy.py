import pytest
import torch

from detector.training.cross_entropy import CHUNK_POSITIONS, chunked_cross_entropy


@pytest.mark.parametrize("n", [1, 5, CHUNK_POSITIONS + 3])
@pytest.mark.parametrize("z_loss", [0.0, 0.01])
def test_loss_and_gradients_are_those_of_the_plain_way(n, z_loss):
    torch.manual_seed(0)
    hidden, head = torch.randn(n, 8, requires_grad=True), torch.randn(50, 8, requires_grad=True)
    targets = torch.randint(0, 50, (n,))
    logits = hidden @ head.T
    expected = torch.nn.functional.cross_entropy(logits, targets) + z_loss * logits.logsumexp(-1).square().mean()
    expected_grads = torch.autograd.grad(expected * 3, (hidden, head))
    found = chunked_cross_entropy(hidden, head, targets, dtype=torch.float32, z_loss=z_loss)
    found_grads = torch.autograd.grad(found * 3, (hidden, head))
    assert found.item() == pytest.approx(expected.item(), abs=1e-5)
    for left, right in zip(found_grads, expected_grads, strict=True):
        assert torch.allclose(left, right, atol=1e-6)
