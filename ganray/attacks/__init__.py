"""Attacks on classifiers, and on classifiers that a GAN defends: one file each, in this order.

A new attack is a new file and its line here. What several share is in `gradients`.
"""

from typing import Annotated

from ganray.attacks.attack import Attack, Sees, Victim
from ganray.attacks.bpda import Bpda
from ganray.attacks.carlini_wagner_l2 import CarliniWagnerL2
from ganray.attacks.fgsm import Fgsm
from ganray.attacks.latent import LatentAttack
from ganray.attacks.rand_fgsm import RandFgsm
from ganray.registry import Registry

ATTACKS: Registry[Attack] = Registry(
    "name", Fgsm, RandFgsm, CarliniWagnerL2, Bpda, LatentAttack, implied=False
)
AnyAttack = Annotated[Attack, ATTACKS]
"""The type of a file's field that names an attack."""

__all__ = ["ATTACKS", "AnyAttack", "Attack", "Bpda", "CarliniWagnerL2", "Fgsm", "LatentAttack",
           "RandFgsm", "Sees", "Victim"]  # fmt: skip
