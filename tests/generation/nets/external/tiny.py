"""Tiny pipelines with random weights, made from configurations alone: nothing is fetched.

Rates and strides are those of the real models, so lengths are real; widths are as small as they go.
"""

import importlib
import os

import pytest
import torch

IS_INSTALLED = os.environ.get("EXTERNAL_IS_INSTALLED") == "1"
WHY = "the optional extra “external” is not installed: make test-external"


def wanted(name):
    """A package of the extra; where the extra was installed for these tests, nothing is skipped."""
    if IS_INSTALLED:
        return importlib.import_module(name)
    return pytest.importorskip(name, reason=WHY)


diffusers = wanted("diffusers")
transformers = wanted("transformers")
tokenizers = wanted("tokenizers")
wanted("torchsde")

VOCABULARY = 64


def tokenizer():
    """Every word is one of a few numbers, the same every time."""
    words = {"<pad>": 0, "<unk>": 1} | {f"w{n}": n for n in range(2, VOCABULARY)}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="<unk>"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", unk_token="<unk>", model_max_length=32
    )


def autoencoder(rate_hz, strides, latents):
    return diffusers.AutoencoderOobleck(
        encoder_hidden_size=2 * latents,
        downsampling_ratios=strides,
        decoder_channels=4,
        decoder_input_channels=latents,
        audio_channels=2,
        channel_multiples=[1] * len(strides),
        sampling_rate=rate_hz,
    )


def ace_step(seed=0, turbo=False, rate_hz=48_000):
    """25 latents a second at 48 kHz, as ACE-Step 1.5 has."""
    sizes = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 8,
        "sliding_window": 16,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return diffusers.AceStepPipeline(
            vae=autoencoder(rate_hz, [10, 12, 16], 4),
            text_encoder=transformers.Qwen3Model(
                transformers.Qwen3Config(
                    hidden_size=16,
                    intermediate_size=16,
                    num_hidden_layers=1,
                    num_attention_heads=2,
                    num_key_value_heads=1,
                    head_dim=8,
                    vocab_size=VOCABULARY,
                )
            ),
            tokenizer=tokenizer(),
            transformer=diffusers.AceStepTransformer1DModel(
                num_hidden_layers=1,
                in_channels=12,
                audio_acoustic_hidden_dim=4,
                patch_size=2,
                is_turbo=turbo,
                **sizes,
            ),
            condition_encoder=diffusers.pipelines.ace_step.AceStepConditionEncoder(
                text_hidden_dim=16,
                timbre_hidden_dim=4,
                num_lyric_encoder_hidden_layers=1,
                num_timbre_encoder_hidden_layers=1,
                **sizes,
            ),
            scheduler=diffusers.FlowMatchEulerDiscreteScheduler(num_train_timesteps=1, shift=1.0),
        )


def stable_audio(seed=0):
    """2048 samples a latent at 44.1 kHz, as Stable Audio Open has; at most 0.74 s."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return diffusers.StableAudioPipeline(
            vae=autoencoder(44_100, [8, 16, 16], 3),
            text_encoder=transformers.T5EncoderModel(
                transformers.T5Config(
                    vocab_size=VOCABULARY, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2
                )
            ),
            projection_model=diffusers.StableAudioProjectionModel(
                text_encoder_dim=16, conditioning_dim=4, min_value=0, max_value=32
            ),
            tokenizer=tokenizer(),
            transformer=diffusers.StableAudioDiTModel(
                sample_size=16,
                in_channels=3,
                num_layers=1,
                attention_head_dim=4,
                num_key_value_attention_heads=2,
                out_channels=3,
                cross_attention_dim=4,
                time_proj_dim=8,
                global_states_input_dim=8,
                cross_attention_input_dim=4,
            ),
            scheduler=diffusers.CosineDPMSolverMultistepScheduler(
                solver_order=2, prediction_type="v_prediction", sigma_schedule="exponential"
            ),
        )
